/** A price alert: it fires once, at the first price recorded after it was made that is at or beyond its threshold. */
export interface Alert {
  readonly id: string;
  readonly symbol: string;
  readonly direction: 'above' | 'below';
  /** US dollars, as a decimal string. */
  readonly threshold: string;
  readonly createdAt: Date;
  /** The price that it fired at; null while it waits. */
  readonly fired: { readonly at: Date; readonly price: string; readonly priceAt: Date } | null;
  readonly webhook: Webhook | null;
}

export interface Webhook {
  readonly url: string;
  readonly secret: string;
  /** null until the alert has fired. */
  readonly delivery: Delivery | null;
}

export interface Delivery {
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly lastError: string | null;
  readonly finishedAt: Date | null;
}
