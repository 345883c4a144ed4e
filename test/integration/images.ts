/** A component's image, built before the tests; another one can be named to try it. */
export function imageOf(component: 'database' | 'pooler' | 'cache' | 'exporters'): string {
  return process.env[`CRYPTOSENSE_${component.toUpperCase()}_IMAGE`] || `cryptosense-${component}:dev`;
}
