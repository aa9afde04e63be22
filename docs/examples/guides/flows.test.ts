import { beforeEach, describe, expect, it } from '@jest/globals';
import { OrchestrationFacade } from '@kapelle/core';
import { aContext } from '@kapelle/core/testing';

import * as flows from './flows.js';

describe('flows', () => {
  let facade: OrchestrationFacade;
  const call = (name: string, params: unknown) => facade.orchestrate(name, aContext(), params);

  beforeEach(() => {
    flows.log.length = 0;
    facade = new OrchestrationFacade();
    for (const each of [
      flows.BuyOrchestrator,
      flows.TravelOrchestrator,
      flows.CountWordsOrchestrator,
      flows.ReportOrchestrator,
      flows.ChooseModelOrchestrator,
      flows.ByHandOrchestrator,
    ]) {
      facade.register(each);
    }
  });

  it('sequential: stops at the first failure and undoes what is finished', async () => {
    expect((await call('buy', { item: 'horn', price: 80 })).data).toBe('r-horn/80');
    const failed = await call('buy', { item: 'organ', price: 9_000 });
    expect(failed).toMatchObject({
      status: 'failed',
      error: 'The card was declined.',
      errorCategory: 'business_rule_violation',
      metadata: { failedStep: 'charge' },
    });
    expect(flows.log).toEqual(['released r-organ']);
  });

  it('parallel: runs side by side what needs nothing of each other', async () => {
    expect((await call('travel', { city: 'Ulm' })).data).toEqual({
      weather: 'rain in Ulm',
      trains: 'Ulm 12:04',
      advice: 'rain in Ulm: take the Ulm 12:04',
    });
  });

  it("hierarchical: delegates and makes one answer of the children's", async () => {
    const result = await call('report', { text: 'one two three' });
    expect(result.data).toBe('one t: 3 words');
    expect(result.metadata['children']).toEqual([
      expect.objectContaining({ name: 'counted', orchestrator: 'count_words', status: 'ok', depth: 1 }),
    ]);
  });

  it('adaptive: comes to prefer the alternative with the higher reward', async () => {
    const chosen: unknown[] = [];
    for (let n = 0; n < 50; n += 1) {
      chosen.push((await call('choose_model', { question: '?' })).metadata['chosen']);
    }
    const large = chosen.filter((name) => name === 'large_model').length;
    expect(chosen.slice(0, 2)).toEqual(['small_model', 'large_model']);
    expect(large).toBeGreaterThan(25);
  });

  it('by hand: the same with the verbs of the context', async () => {
    expect(await call('by_hand', { item: 'horn', price: 80 })).toMatchObject({
      status: 'ok',
      data: { reservation: 'r-horn' },
    });
    const failed = await call('by_hand', { item: 'organ', price: 9_000 });
    expect(failed).toMatchObject({ status: 'failed', error: 'The card was declined.' });
    expect(flows.log).toEqual(['released r-organ']);
  });
});
