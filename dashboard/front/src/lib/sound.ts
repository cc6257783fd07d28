/** Sound and vibration, where the browser allows them: only after a tap, and never the only way to be told. */
class Sound {
  #audio: AudioContext | null = null;

  /** Switch; the tap that calls this is what lets the browser play. */
  toggle(): boolean {
    if (this.#audio) {
      void this.#audio.close();
      this.#audio = null;
      return false;
    }
    this.#audio = new AudioContext();
    this.#beep(1);
    return true;
  }

  /** An alert was pushed. What the policy keeps quiet is shown and never comes here. */
  alarm(): void {
    if (!this.#audio) return;
    navigator.vibrate?.([400, 150, 400, 150, 800]);
    this.#beep(3);
  }

  #beep(times: number): void {
    const audio = this.#audio;
    if (!audio) return;
    for (let index = 0; index < times; index += 1) {
      const tone = audio.createOscillator();
      const loudness = audio.createGain();
      const at = audio.currentTime + index * 0.35;
      tone.frequency.value = 880;
      tone.connect(loudness).connect(audio.destination);
      loudness.gain.setValueAtTime(0.5, at);
      loudness.gain.exponentialRampToValueAtTime(0.001, at + 0.25);
      tone.start(at);
      tone.stop(at + 0.26);
    }
  }
}

export const sound = new Sound();
