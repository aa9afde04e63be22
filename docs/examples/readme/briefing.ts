// #region readme
import {
  background,
  BaseOrchestrator,
  consumes,
  createOrchestrationHost,
  operation,
  type OperationContext,
  OrchestrationContext,
  orchestrator,
} from '@kapelle/core';
import { IsUrl } from 'class-validator';

class BriefParams {
  @IsUrl()
  url!: string;
}

@orchestrator('domain', 'business_logic', { maxConcurrency: 8, timeoutMs: 30_000 })
export class BriefOrchestrator extends BaseOrchestrator {
  @operation()
  async write(context: OperationContext, { url }: BriefParams) {
    const page = await context.step('fetch', async ({ signal }) => (await fetch(url, { signal })).text(), {
      retry: { maxAttempts: 3 },
    });
    await context.callOrThrow(ArchiveOrchestrator, { operation: 'keep', page });
    return { url, words: page.split(/\s+/).length };
  }
}

@orchestrator('domain', 'feedback')
export class ArchiveOrchestrator extends BaseOrchestrator {
  readonly pages: string[] = [];

  @operation()
  keep(_context: OperationContext, { page }: { page: string }) {
    return this.queue<string>('pages').offer(page); // bounded; drained at shutdown
  }

  @consumes({ queue: 'pages', capacity: 1_000, batchSize: 50, retry: { maxAttempts: 5 } })
  store(pages: string[]) {
    this.pages.push(...pages);
  }

  @background({ everyMs: 60_000 })
  sweep() {
    this.pages.splice(0, Math.max(0, this.pages.length - 10_000));
  }
}

export const host = createOrchestrationHost({ orchestrators: [BriefOrchestrator, ArchiveOrchestrator] });
await host.start(); // everything, in the order of its dependencies

export async function brief(url: string) {
  const context = OrchestrationContext.create({ tenantId: 'demo' });
  return host.facade.client(BriefOrchestrator).write(context, { url }); // typed; never throws
}
// #endregion
