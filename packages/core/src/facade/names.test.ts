import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';

import { BaseOrchestrator, defineOrchestrator, OrchestrationFacade } from '../index.js';

describe('names', () => {
  it.each([
    ['MyWorkflowOrchestrator', 'my_workflow'],
    ['Base1', 'base1'],
    ['HTTPServer', 'http_server'],
    ['HTTPServerOrchestrator', 'http_server'],
    ['Orchestrator', 'orchestrator'],
    ['OAuth2TokenOrchestrator', 'o_auth2_token'],
    ['mission', 'mission'],
    ['ABTest', 'ab_test'],
    ['Version10Beta', 'version10_beta'],
  ])('come from the class name: %s is %s', (className, name) => {
    const { [className]: target } = {
      [className]: class extends BaseOrchestrator {
        run(): void {}
      },
    } as Record<string, new () => BaseOrchestrator>;
    Object.defineProperty(target, 'name', { value: className });
    defineOrchestrator(target as never, { layer: 'domain', type: 'sequential', operations: ['run'] });
    const facade = new OrchestrationFacade();
    facade.register(target as never);
    expect(Object.keys(facade.listOrchestrators())).toEqual([name]);
  });
});
