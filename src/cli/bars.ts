// Daily bars and the volatility that they show.
export interface Bar {
  /** "2020-04-17" */
  readonly date: string;
  readonly close: number;
}

/** Trading days of a year, to annualise. */
const tradingDaysPerYear = 252;

/** Reads a CSV file with a head that names `date` and `close`. */
export function parseBars(csv: string): readonly Bar[] {
  const [head = '', ...lines] = csv.trim().split('\n');
  const names = head.split(',');
  const [date, close] = [names.indexOf('date'), names.indexOf('close')];
  if (date < 0 || close < 0) throw new Error(`the bars have no columns date and close: ${head}`);
  return lines.map((line, index) => {
    const cells = line.split(',');
    const bar = { date: String(cells[date]), close: Number(cells[close]) };
    if (bar.close > 0) return bar;
    throw new Error(`line ${index + 2} of the bars has no close: ${line}`);
  });
}

/**
 * Standard deviation (n - 1) of the logarithmic returns from close to close over the last `days` days, annualised.
 * Opens are not used: in the early years of this index they repeat the close before.
 */
export function volatility(bars: readonly Bar[], days: number): number {
  const closes = bars.slice(-days - 1).map(({ close }) => close);
  if (closes.length !== days + 1) throw new Error(`${days} returns need ${days + 1} bars, there are ${closes.length}`);
  const returns = closes.slice(1).map((close, index) => Math.log(close / closes[index]!));
  const mean = returns.reduce((sum, each) => sum + each, 0) / days;
  const squares = returns.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return Math.sqrt((squares / (days - 1)) * tradingDaysPerYear);
}
