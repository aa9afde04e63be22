import { afterEach, describe, expect, it } from '@jest/globals';
import { createOrchestrationHost, getOrchestrationFacade, resetOrchestrationFacade } from '@kapelle/core';

import * as declared from './declared.js';
import * as handWritten from './hand-written.js';

describe('the quick start', () => {
  afterEach(() => {
    resetOrchestrationFacade();
  });

  it('runs in the hand-written form, through the process-wide facade', async () => {
    const result = await handWritten.greet();

    expect(result.toJSON()).toEqual({
      status: 'ok',
      data: { status: 'success', message: 'Hello, World!' },
    });
    expect(getOrchestrationFacade().listOrchestrators()).toMatchObject({
      my_orchestrator: { layer: 'domain', type: 'sequential', state: 'running' },
    });
  });

  it('runs in the declared form, with a name made from the class', async () => {
    const result = await declared.greet();

    expect(result.status).toBe('ok');
    // Typed from the method: no cast is needed to read the payload.
    if (result.status === 'ok') expect(result.data.message).toBe('Hello, World!');
    const host = createOrchestrationHost({ orchestrators: [declared.GreeterOrchestrator] });
    expect(
      host
        .graph()
        .toJSON()
        .nodes.map((node) => node.name),
    ).toEqual(['greeter']);
  });
});
