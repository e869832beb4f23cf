// An estimate closing in on its value, drawn in characters.

export interface Point {
  /** Where the row stands, as "1,048,576". */
  readonly label: string;
  readonly estimate: number;
  readonly standardError: number;
}

const width = 56;
const rowsMax = 12;

/**
 * A row for each point, from the first to the last: "|--o--|" is the estimate and two standard errors to each side. The
 * axis holds all of the first row.
 */
export function plot(points: readonly Point[]): string {
  const shown = spread(points);
  const lowest = Math.min(...shown.map(({ estimate, standardError }) => estimate - 2 * standardError));
  const highest = Math.max(...shown.map(({ estimate, standardError }) => estimate + 2 * standardError));
  const place = (value: number) =>
    highest > lowest ? Math.round(((value - lowest) / (highest - lowest)) * (width - 1)) : 0;
  const labelWidth = Math.max(...shown.map(({ label }) => label.length));
  const rows = shown.map(({ label, estimate, standardError }) => {
    const at = (errors: number) => place(estimate + errors * standardError);
    const [left, middle, right] = [at(-2), at(0), at(2)];
    const cells = Array.from({ length: width }, (_, cell) => {
      if (cell === middle) return 'o';
      if (cell === left || cell === right) return '|';
      return cell > left && cell < right ? '-' : ' ';
    });
    return `${label.padStart(labelWidth)} ${cells.join('').trimEnd()}`;
  });
  const ends = [lowest.toFixed(2), highest.toFixed(2)] as const;
  const axis = `${' '.repeat(labelWidth + 1)}${ends[0]}${ends[1].padStart(width - ends[0].length)}`;
  return `${[...rows, axis].join('\n')}\n`;
}

/** At most `rowsMax` of the points, each about the same factor after the one before, with the first and the last. */
function spread(points: readonly Point[]): readonly Point[] {
  if (points.length <= rowsMax) return points;
  const indexes = Array.from({ length: rowsMax }, (_, row) => Math.round(points.length ** (row / (rowsMax - 1)) - 1));
  return [...new Set(indexes)].map((index) => points[index]!);
}
