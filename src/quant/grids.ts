// The grids of ggml's IQ types: for each place the digits of 8 elements, 2 bits each, or of 4 elements, 4 bits each, the
// first one lowest. tools/golden/grids.py makes them of ggml's own, and says how they are written.

import steps from './grids.json';

function gridOf(text: string): Uint16Array {
  const places: number[] = [];
  let [place, step, shift] = [0, 0, 0];
  for (const char of atob(text)) {
    const byte = char.charCodeAt(0);
    step |= (byte & 127) << shift;
    shift += 7;
    if (byte & 128) continue;
    place += step;
    places.push(place);
    [step, shift] = [0, 0];
  }
  return Uint16Array.from(places);
}

export const GRIDS = {
  IQ3_S: gridOf(steps.IQ3_S),
  IQ3_XXS: gridOf(steps.IQ3_XXS),
  IQ2_S: gridOf(steps.IQ2_S),
  IQ2_XS: gridOf(steps.IQ2_XS),
  IQ2_XXS: gridOf(steps.IQ2_XXS),
  IQ1_S: gridOf(steps.IQ1_S),
} as const;
