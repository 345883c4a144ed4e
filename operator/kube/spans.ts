/** What is said of a span; what is undefined is left out. Never a value of a Secret, of the configuration or of a status. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Who writes down what took how long. Work that throws or rejects ends its span as failed, and goes on throwing. */
export interface Spans {
  /** A trace of its own around the work. */
  root<T>(name: string, facts: Facts, work: () => Promise<T>): Promise<T>;
  /** A span inside of the one that runs. */
  inside<T>(name: string, facts: Facts, work: () => T): T;
  /** Adds to the span that runs. */
  tell(facts: Facts): void;
  /** The span that runs has failed, though nothing is thrown. */
  fail(error: unknown): void;
  /** Of the span that runs, for a line of the log. */
  ids(): { trace_id: string; span_id: string };
  /** Whether a span runs that is written down. */
  isRunning(): boolean;
}

let spans: Spans | undefined;

/** Set once by who wants traces; until then, and without it for ever, what is below costs a comparison. */
export function spansGoTo(given: Spans | undefined): void {
  spans = given;
}

/** A trace around `work`, where traces are wanted. */
export function asTrace<T>(name: string, facts: Facts, work: () => Promise<T>): Promise<T> {
  return spans ? spans.root(name, facts, work) : work();
}

/** A span around `work`, inside of a trace; without one, `work` alone. */
export function asSpan<T>(name: string, facts: Facts, work: () => T): T {
  return spans?.isRunning() ? spans.inside(name, facts, work) : work();
}

/** Whether what is told now is written down, for what would cost something to say. */
export function isTraced(): boolean {
  return spans?.isRunning() === true;
}

export function tellSpan(facts: Facts): void {
  if (spans?.isRunning()) spans.tell(facts);
}

export function failSpan(error: unknown): void {
  if (spans?.isRunning()) spans.fail(error);
}

/** Undefined outside of a span. */
export function spanIds(): { trace_id: string; span_id: string } | undefined {
  return spans?.isRunning() ? spans.ids() : undefined;
}
