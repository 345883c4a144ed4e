/** A price as a decimal string of eight significant digits, without an exponent: 65123.457, 0.00000012345678. */
export function amount(price: number): string {
  if (price === 0) return '0';
  const digits = Math.min(20, Math.max(0, 7 - Math.floor(Math.log10(Math.abs(price)))));
  const text = price.toFixed(digits);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
