"""A profile as settings: what each part of the machine is told of its athlete."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from processor.detect import Exposure, Fatigue, Pacing
from processor.detect.detector import Detector
from processor.detect.exposure import ExposureSettings
from processor.detect.fatigue import FatigueDetectorSettings
from processor.detect.pacing import PacingSettings
from processor.features.baseline import BaselineSettings
from processor.profile import Profile


def usual_baseline(profile: Profile) -> BaselineSettings:
    """Where a session's baseline begins: with the athlete's own slope, and no evener than is usual."""
    usual, common = profile.usual, BaselineSettings()
    return replace(
        common,
        slope=min(common.slope_high, max(common.slope_low, usual.slope)),
        sigma_spm=max(common.sigma_spm, usual.sigma_spm),
        block_sigma_spm=max(common.block_sigma_spm, usual.block_sigma_spm),
    )


def settings_of(profile: Profile) -> Mapping[type[Detector], Any]:
    """The settings of those detectors that compare with the athlete's own runs."""
    usual = profile.usual
    return {
        Fatigue: FatigueDetectorSettings(warmer_percent_per_h=(usual.cool_drift, usual.mild_drift, usual.hot_drift)),
        Exposure: ExposureSettings(longest_s=usual.longest_s),
        Pacing: PacingSettings(
            usual_mps=usual.early_mps, high_mps=usual.early_high_mps, third_s=max(600.0, usual.third_s)
        ),
    }
