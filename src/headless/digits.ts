/** Four digits: more of a measurement is noise. */
export const fourDigits = (value: number): number => Number(value.toPrecision(4));
