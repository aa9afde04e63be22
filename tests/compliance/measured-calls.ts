/** A call that was answered. */
export interface AnsweredCall {
  readonly orchestrator: string;
  readonly operation: string;
  readonly status: string;
  /** Empty where it did not fail. */
  readonly errorCategory: string;
}

/**
 * Calls that a scrape does not have under their orchestrator, operation, status and error category; `[]` where all are
 * counted. Params that were refused start nothing, so each such call has to be there exactly once; what did run may have
 * called others, which are counted too.
 *
 * @param scrape in the format of Prometheus, without a prefix
 */
export function uncounted(scrape: string, calls: readonly AnsweredCall[]): string[] {
  const counted = new Map<string, number>();
  for (const [, labels = '', value] of scrape.matchAll(/^calls_total\{([^}]*)\} (\d+)$/gm)) {
    const of = new Map([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text]));
    const key = keyOf({
      orchestrator: of.get('orchestrator') ?? '',
      operation: of.get('operation') ?? '',
      status: of.get('status') ?? '',
      errorCategory: of.get('error_category') ?? '',
    });
    counted.set(key, (counted.get(key) ?? 0) + Number(value));
  }
  return calls.flatMap((call) => {
    const times = counted.get(keyOf(call)) ?? 0;
    const isRight = call.errorCategory === 'validation' ? times === 1 : times >= 1;
    return isRight ? [] : [`${keyOf(call)}: counted ${times} times`];
  });
}

const keyOf = ({ orchestrator, operation, status, errorCategory }: AnsweredCall): string =>
  `${orchestrator}.${operation} ${status} ${errorCategory}`.trim();
