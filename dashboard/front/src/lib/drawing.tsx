/** The calf and arch stretch: toes pulled up towards the shin. A picture says it faster than the sentence. */
export function StretchDrawing() {
  return (
    <svg class="drawing" viewBox="0 0 200 128" role="img" aria-label="A foot with the toes pulled up towards the shin">
      <path class="limb" d="M14 34C44 30 78 34 104 46c10 5 18 12 22 22l8 26" />
      <path class="limb" d="M14 76c30 6 58 12 82 24 14 7 26 12 38 10 7-1 8-8 0-16" />
      <path class="limb thick" d="M132 88c10-14 18-30 24-48" />
      <path class="limb" d="M128 108c16-6 30-28 40-62 2-8-8-12-12-6" />
      <path class="move" d="M184 74c4-22-4-42-22-54" />
      <path class="head" d="M152 14l18 0-9 15z" />
      <circle class="spot" cx="62" cy="62" r="11" />
    </svg>
  );
}
