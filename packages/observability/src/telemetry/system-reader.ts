import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** What a machine and this process use, as shares from 0 to 1 unless said otherwise. */
export interface SystemReading {
  /** Of all processors of the machine, since the reading before; absent for the first. */
  readonly cpu?: number;
  /** Of the machine. */
  readonly memory: number;
  /** Of the file system of the folder; absent where it cannot be asked. */
  readonly disk?: number;
  /** Of this process's event loop, since the reading before; absent for the first. */
  readonly eventLoop?: number;
  /** Bytes. */
  readonly heapUsed: number;
  /** Bytes. */
  readonly rss: number;
}

/** Says what the machine uses now. */
export interface SystemReader {
  read(): Promise<SystemReading>;
}

/** Asks the operating system. Nothing is waited for: processor time is that between two readings. */
export class NodeSystemReader implements SystemReader {
  readonly #folder: string;
  #before: { readonly busy: number; readonly total: number } | undefined;
  #loop: EventLoopUtilization | undefined;

  /** @param folder of whose file system the use is told */
  constructor(folder = '.') {
    this.#folder = folder;
  }

  async read(): Promise<SystemReading> {
    const cpu = this.#cpu();
    const loopNow = performance.eventLoopUtilization();
    const eventLoop =
      this.#loop === undefined
        ? undefined
        : performance.eventLoopUtilization(loopNow, this.#loop).utilization;
    this.#loop = loopNow;
    const disk = await this.#disk();
    const { heapUsed, rss } = process.memoryUsage();
    return {
      ...(cpu === undefined ? {} : { cpu }),
      memory: 1 - freemem() / totalmem(),
      ...(disk === undefined ? {} : { disk }),
      ...(eventLoop === undefined ? {} : { eventLoop }),
      heapUsed,
      rss,
    };
  }

  #cpu(): number | undefined {
    let busy = 0;
    let total = 0;
    for (const { times } of cpus()) {
      const { user, nice, sys, irq, idle } = times;
      busy += user + nice + sys + irq;
      total += user + nice + sys + irq + idle;
    }
    const before = this.#before;
    this.#before = { busy, total };
    if (before === undefined || total <= before.total) return undefined;
    return Math.min(1, Math.max(0, (busy - before.busy) / (total - before.total)));
  }

  async #disk(): Promise<number | undefined> {
    try {
      const { blocks, bavail } = await statfs(this.#folder);
      return blocks === 0 ? undefined : 1 - bavail / blocks;
    } catch {
      return undefined;
    }
  }
}
