// Amounts are decimal texts. Intl formats a text digit by digit, without making a float of it.
type Numeric = Parameters<Intl.NumberFormat['format']>[0];
const exact = (amount: string) => amount as unknown as Numeric;

const withCents = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const withMore = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  minimumSignificantDigits: 4,
  maximumSignificantDigits: 4,
});
const quantities = new Intl.NumberFormat('en-US', { maximumFractionDigits: 12 });
const percents = new Intl.NumberFormat('en-US', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: 'exceptZero',
});

/** $65,000.12; below a dollar four digits, such as $0.1235. */
export function money(amount: string): string {
  const isSmall = Math.abs(Number(amount)) < 1 && Number(amount) !== 0;
  return (isSmall ? withMore : withCents).format(exact(amount));
}

/** Cents, whatever the size: for sums. */
export const sum = (amount: string): string => withCents.format(exact(amount));

export const quantity = (amount: string): string => quantities.format(exact(amount));

/** +1.25 %, from a number of percent. */
export const percent = (value: number): string => `${percents.format(value)} %`;

/** From `first` to `last` in percent; undefined when there is nothing to compare with. */
export function change(first: number | undefined, last: number | undefined): number | undefined {
  if (first === undefined || last === undefined || first === 0) return undefined;
  return ((last - first) / first) * 100;
}

/** A sign for people who do not see colours, in front of a percentage. */
export const arrow = (value: number): string => (value > 0 ? '▲' : value < 0 ? '▼' : '●');
