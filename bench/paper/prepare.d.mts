/** Why kernels cannot be compiled on paper here, with what to install; undefined where they can. */
export function missing(): string | undefined;
