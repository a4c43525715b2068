// The singular values of a product B·A of thin matrices, without ever making the product: QR of both, and an SVD of the small
// matrix between them (Golub and Van Loan 2013, 5.2 and 8.6.3).

type Doubles = Float64Array<ArrayBuffer>;

/** A product [M, J] · [J, K] of low rank: singular values, the largest first, with what stands left and right of them. */
interface Factors {
  /** [J] */
  readonly values: Doubles;
  /** [M, J] orthonormal columns, zero where a value is. */
  readonly left: Doubles;
  /** [J, K] orthonormal rows, zero where a value is. */
  readonly right: Doubles;
}

/** Columns of less than this share of what they were are nothing but rounding. */
const DEPENDENT = 1e-12;

/** @param b [M, J] row-major @param a [J, K] row-major */
export function factorsOf(b: ArrayLike<number>, a: ArrayLike<number>, rank: number): Factors {
  const [M, K] = [b.length / rank, a.length / rank];
  const left = orthonormal(transposedOf(b, M, rank), rank, M);
  const right = orthonormal(Float64Array.from(a), rank, K);
  // C = R_b · R_aᵀ, kept by columns: C's column j is Σ_k R_b[·, k] · R_a[j, k]
  const core = new Float64Array(rank * rank);
  for (let j = 0; j < rank; j++) {
    for (let i = 0; i < rank; i++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += left.r[i * rank + k] * right.r[j * rank + k];
      core[j * rank + i] = sum;
    }
  }
  const { u, values, v } = jacobi(core, rank);
  const out = { values, left: new Float64Array(M * rank), right: new Float64Array(rank * K) };
  for (let s = 0; s < rank; s++) {
    for (let j = 0; j < rank; j++) {
      const [fromLeft, fromRight] = [u[s * rank + j], v[s * rank + j]];
      for (let m = 0; m < M; m++) out.left[m * rank + s] += fromLeft * left.q[j * M + m];
      for (let k = 0; k < K; k++) out.right[s * K + k] += fromRight * right.q[j * K + k];
    }
  }
  return out;
}

function transposedOf(values: ArrayLike<number>, rows: number, columns: number): Doubles {
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  }
  return result;
}

/**
 * QR of vectors by Gram and Schmidt, twice over, which keeps them orthogonal to rounding.
 * @param q [J, length] the vectors, made orthonormal in place; those that depend on earlier ones become zero
 * @returns r [J, J], vector k being Σ_i r[i, k] · q[i]
 */
function orthonormal(q: Doubles, count: number, length: number): { q: Doubles; r: Doubles } {
  const r = new Float64Array(count * count);
  const row = (i: number) => q.subarray(i * length, (i + 1) * length);
  for (let k = 0; k < count; k++) {
    const own = row(k);
    const before = Math.sqrt(dot(own, own));
    for (let pass = 0; pass < 2; pass++) {
      for (let i = 0; i < k; i++) {
        const other = row(i);
        const along = dot(own, other);
        r[i * count + k] += along;
        for (let n = 0; n < length; n++) own[n] -= along * other[n];
      }
    }
    const norm = Math.sqrt(dot(own, own));
    const depends = norm <= DEPENDENT * before;
    r[k * count + k] = depends ? 0 : norm;
    for (let n = 0; n < length; n++) own[n] = depends ? 0 : own[n] / norm;
  }
  return { q, r };
}

function dot(a: Doubles, b: Doubles): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** More rounds than any matrix has needed. */
const SWEEPS = 60;

/**
 * The SVD of a small matrix by one-sided rotations of its columns (Hestenes 1958).
 * @param columns [n, n], column after column
 * @returns u and v, singular vector after singular vector
 */
function jacobi(columns: Doubles, n: number): { u: Doubles; values: Doubles; v: Doubles } {
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  const at = (matrix: Doubles, i: number) => matrix.subarray(i * n, (i + 1) * n);
  for (let sweep = 0, turned = true; turned && sweep < SWEEPS; sweep++) {
    turned = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const [first, second] = [at(columns, p), at(columns, q)];
        const [alpha, beta, gamma] = [dot(first, first), dot(second, second), dot(first, second)];
        if (Math.abs(gamma) <= 1e-15 * Math.sqrt(alpha * beta) || gamma === 0) continue;
        turned = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const cosine = 1 / Math.sqrt(1 + tangent * tangent);
        rotate(first, second, cosine, cosine * tangent);
        rotate(at(v, p), at(v, q), cosine, cosine * tangent);
      }
    }
  }
  const norms = Array.from({ length: n }, (_, i) => Math.sqrt(dot(at(columns, i), at(columns, i))));
  const order = norms.map((_, i) => i).toSorted((a, b) => norms[b] - norms[a]);
  const u = new Float64Array(n * n);
  const sorted = new Float64Array(n * n);
  for (const [to, from] of order.entries()) {
    const norm = norms[from];
    if (norm > 0)
      u.set(
        at(columns, from).map((value) => value / norm),
        to * n,
      );
    sorted.set(at(v, from), to * n);
  }
  return { u, values: Float64Array.from(order, (i) => norms[i]), v: sorted };
}

function rotate(a: Doubles, b: Doubles, cosine: number, sine: number): void {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i], b[i]];
    a[i] = cosine * x - sine * y;
    b[i] = sine * x + cosine * y;
  }
}
