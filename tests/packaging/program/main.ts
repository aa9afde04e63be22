import {
  BaseOrchestrator,
  createOrchestrationHost,
  type OperationContext,
  operation,
  OrchestrationContext,
  orchestrator,
  StepResult,
} from '@kapelle/core';
import { createWinstonLogger } from '@kapelle/observability';
import { IsString, Length } from 'class-validator';

class GreetParams {
  @IsString()
  @Length(1, 40)
  name!: string;
}

@orchestrator('domain', 'business_logic')
class GreeterOrchestrator extends BaseOrchestrator {
  @operation()
  greet(_context: OperationContext, params: GreetParams) {
    return StepResult.ok(`Hello, ${params.name}!`);
  }
}

const logger = createWinstonLogger({ level: 'error' });
const host = createOrchestrationHost({ orchestrators: [GreeterOrchestrator], logger });
await host.start();
const context = OrchestrationContext.create({ tenantId: 'demo' });
const greeting = await host.facade.client(GreeterOrchestrator).greet(context, { name: 'Ada' });
console.log(greeting.status, greeting.data);
const refused = await host.facade.orchestrate('greeter', context, { name: '' });
console.log(refused.status, refused.errorCategory);
const report = await host.stop();
console.log('clean', report.clean);
await logger.close();
