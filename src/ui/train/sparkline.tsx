const WIDTH = 96;
const HEIGHT = 28;

/** A loss in the size of a word; its figures stand beside it. */
export function Sparkline(props: { values: readonly number[] }) {
  const points = () => {
    const values = props.values.filter(Number.isFinite);
    const least = Math.min(...values);
    const span = Math.max(...values) - least || 1;
    return values
      .map((value, i) => {
        const x = values.length > 1 ? (i / (values.length - 1)) * WIDTH : 0;
        const y = 2 + (1 - (value - least) / span) * (HEIGHT - 4);
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      })
      .join(' ');
  };
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      <polyline points={points()} />
    </svg>
  );
}
