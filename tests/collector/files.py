"""Recorded files of every kind, built from nothing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from garmin_fit_sdk import Encoder

from collector.recordings import Recording, load

START = datetime(2025, 6, 1, 6, 30, tzinfo=UTC)
START_MS = int(START.timestamp() * 1_000)
RECORD, HRV, SESSION, LAP, EVENT = 20, 78, 18, 19, 21


def fit(*messages: dict) -> bytes:
    encoder = Encoder()
    encoder.write_mesg({"mesg_num": 0, "type": "activity", "manufacturer": "development", "time_created": START})
    for message in messages:
        encoder.write_mesg(message)
    return bytes(encoder.close())


def at(t_s: float) -> datetime:
    return START + timedelta(seconds=t_s)


def record(t_s: float, **fields) -> dict:
    values = {"heart_rate": 150, "cadence": 84, "fractional_cadence": 0.5, "enhanced_speed": 3.0, **fields}
    return {
        "mesg_num": RECORD,
        "timestamp": at(t_s),
        **{name: value for name, value in values.items() if value is not None},
    }


def session(t_s: float, sport: str = "running") -> dict:
    return {"mesg_num": SESSION, "timestamp": at(t_s + 600), "start_time": at(t_s), "sport": sport}


def trackpoint(
    t_s: float, bpm: int = 150, cadence: int = 84, speed: str = "<Speed>3.0</Speed>", metres: float = 0
) -> str:
    return (
        f"<Trackpoint><Time>{at(t_s).isoformat().replace('+00:00', 'Z')}</Time>"
        f"<DistanceMeters>{metres}</DistanceMeters><HeartRateBpm><Value>{bpm}</Value></HeartRateBpm>"
        f"<Extensions><ns3:TPX>{speed.replace('Speed>', 'ns3:Speed>')}<ns3:RunCadence>{cadence}</ns3:RunCadence>"
        "</ns3:TPX></Extensions></Trackpoint>"
    )


def tcx(*tracks: str, sport: str = "Running") -> bytes:
    body = "".join(f"<Track>{track}</Track>" for track in tracks)
    return (
        '<?xml version="1.0"?><TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"'
        ' xmlns:ns3="http://www.garmin.com/xmlschemas/ActivityExtension/v2"><Activities>'
        f'<Activity Sport="{sport}"><Lap>{body}</Lap></Activity></Activities></TrainingCenterDatabase>'
    ).encode()


def gpx(*segments: str, kind: str = "<type>running</type>") -> bytes:
    body = "".join(f"<trkseg>{segment}</trkseg>" for segment in segments)
    return (
        '<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1"'
        ' xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">'
        f"<metadata><time>{START.isoformat()}</time></metadata><trk><name>a</name>{kind}{body}</trk></gpx>"
    ).encode()


def trkpt(t_s: float, lat: float, bpm: int = 150, cadence: int = 84) -> str:
    return (
        f'<trkpt lat="{lat:.7f}" lon="7.0"><time>{at(t_s).isoformat()}</time><extensions><x:TrackPointExtension>'
        f"<x:hr>{bpm}</x:hr><x:cad>{cadence}</x:cad></x:TrackPointExtension></extensions></trkpt>"
    )


HEADER = "t_s,hr_bpm,cadence_spm,speed_mps,altitude_m,distance_m\n"


def csv(rows: str, header: str = HEADER) -> bytes:
    return (header + rows).encode()


def only(path: Path) -> Recording:
    (recording,) = load(path)
    return recording


def told(recording: Recording) -> str:
    return "; ".join(map(str, recording.notes))
