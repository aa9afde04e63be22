import { Agent, request } from 'node:http';

/** What callers saw. */
export interface LoadSeen {
  readonly sent: number;
  /** No answer, or one with a status from 500. */
  readonly failed: number;
  /** Answers and failures by the version that gave them; `none` for those without an answer. */
  readonly byVersion: Readonly<Record<string, { readonly answered: number; readonly failed: number }>>;
  /** Processes that answered. */
  readonly pids: ReadonlySet<number>;
}

/**
 * Sends requests at a steady rate whatever comes back (open loop), nine GET to one POST with a body. Every
 * request is waited for before the numbers are given.
 */
export class Load {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<Promise<void>>();
  readonly #byVersion: Record<string, { answered: number; failed: number }> = {};
  readonly #pids = new Set<number>();
  readonly #began = performance.now();
  #sent = 0;
  #failed = 0;

  constructor(url: string, perSecond: number) {
    this.#url = url;
    // Timers come late on a busy machine: what was missed is sent at once, so that the rate holds.
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - this.#began) / 1_000) * perSecond);
      while (this.#sent < due) this.#send();
    }, 2);
  }

  /** So far; requests that are not over are in `sent` alone. */
  get seen(): LoadSeen {
    return {
      sent: this.#sent,
      failed: this.#failed,
      byVersion: structuredClone(this.#byVersion),
      pids: new Set(this.#pids),
    };
  }

  async stop(): Promise<LoadSeen> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    this.#agent.destroy();
    return this.seen;
  }

  #send(): void {
    this.#sent += 1;
    const sent = this.#exchange(this.#sent % 10 === 0).finally(() => this.#open.delete(sent));
    this.#open.add(sent);
  }

  #exchange(isPost: boolean): Promise<void> {
    return new Promise((resolve) => {
      const end = (version: string, isFailure: boolean): void => {
        const count = (this.#byVersion[version] ??= { answered: 0, failed: 0 });
        count.answered += 1;
        if (isFailure) {
          count.failed += 1;
          this.#failed += 1;
        }
        resolve();
      };
      const outgoing = request(
        this.#url,
        { agent: this.#agent, method: isPost ? 'POST' : 'GET' },
        (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
          response.on('error', () => end('none', true));
          response.on('end', () => {
            const version = response.headers['x-version'];
            const isFailure = (response.statusCode ?? 500) >= 500;
            if (typeof version === 'string') this.#pids.add((JSON.parse(body) as { pid: number }).pid);
            end(typeof version === 'string' ? version : 'none', isFailure);
          });
        },
      );
      outgoing.on('error', () => end('none', true));
      outgoing.end(isPost ? 'x'.repeat(2_000) : undefined);
    });
  }
}
