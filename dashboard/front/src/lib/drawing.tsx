/** The calf and arch stretch: toes pulled up towards the shin. A picture says it faster than the sentence. */
export function StretchDrawing() {
  return (
    <svg class="drawing" viewBox="0 0 190 118" role="img" aria-label="A foot with the toes pulled up towards the shin">
      <path class="limb" d="M6 46C46 43 88 50 120 58c6-10 8-24 5-39-2-11 13-15 17-4 8 24 15 52 17 76 1 14-13 18-21 9-14-3-24-2-36 1-28 8-62 10-96 0" />
      <circle class="spot" cx="58" cy="76" r="12" />
      <path class="move" d="M166 30C156 6 126-2 100 16" />
      <path class="head" d="M108 4 88 24l25-1z" />
    </svg>
  );
}
