import { describe, expect, it } from '@jest/globals';
import { StepFailure, StepResult } from '@kapelle/core';
import { briefingId, hashBytes, hashDocument } from './content-hash.js';
import { A_TALK } from './fixtures/memory-ports.js';
import { HttpError } from '../../http/http-error.js';
import { failureCode, portFailure } from './port-failure.js';
import { both, count, listOf, maybe, numberFrom, oneOf, record, someText, text } from './shape.js';
import { CHECKED_SHAPE, PARSED_SHAPE } from './stage-shapes.js';

describe('shapes', () => {
  it('say which property is wrong, what it must be and what it is', () => {
    const shape = record({ name: someText, share: maybe(numberFrom(0, 1)), tags: listOf(oneOf(['a', 'b'])) });
    expect(shape({ name: 'x', tags: ['a', 'b'], more: 1 }, 'it')).toBeUndefined();
    expect(shape({ name: ' ', tags: [] }, 'it')).toBe('it.name must be a text that is not empty, got " "');
    expect(shape({ name: 'x', share: 1.5, tags: [] }, 'it')).toBe(
      'it.share must be a number from 0 to 1, got 1.5',
    );
    expect(shape({ name: 'x', share: Number.NaN, tags: [] }, 'it')).toBe(
      'it.share must be a number from 0 to 1, got NaN',
    );
    expect(shape({ name: 'x', tags: ['a', 'c'] }, 'it')).toBe('it.tags[1] must be one of a, b, got "c"');
    expect(shape({ name: 'x', tags: 'a' }, 'it')).toBe('it.tags must be a list, got "a"');
    expect(shape(null, 'it')).toBe('it must be an object, got null');
    expect(shape([], 'it')).toBe('it must be an object, got a list');
    expect(count(-1, 'n')).toBe('n must be a whole number >= 0, got -1');
    expect(numberFrom(2)('3', 'n')).toBe('n must be a number >= 2, got "3"');
    expect(both(text, someText)(undefined, 't')).toBe('t must be a text, got undefined');
  });

  it('hold verdicts to their evidence', () => {
    const claim = { id: 'c', segment: 0, sentence: 0, quote: 'q', checkworthiness: 1, cues: ['date'] };
    const checked = (verdict: string, stance: string) => [
      { claim, verdict, evidence: [{ statement: 's', source: 'x', stance }], explanation: 'e' },
    ];
    expect(CHECKED_SHAPE(checked('supported', 'supports'), 'claims')).toBeUndefined();
    expect(CHECKED_SHAPE(checked('contradicted', 'related'), 'claims')).toBe(
      'claims[0] is contradicted without evidence that contradicts it',
    );
  });

  it('want at least one document', () => {
    expect(PARSED_SHAPE({ format: 'vtt', title: '', documents: [] }, 'parse')).toBe(
      'parse.documents must hold at least one document',
    );
  });
});

describe('portFailure', () => {
  it('takes category, retryability, time and code from the error', () => {
    const error = Object.assign(new Error('busy'), {
      code: 'MODEL_RATE_LIMITED',
      retryable: true,
      retryAfterMs: 900,
    });
    const failure = portFailure(error);
    expect(failure).toMatchObject({
      status: 'failed',
      error: 'busy',
      errorCategory: 'rate_limit',
      retryable: true,
      retryAfterMs: 900,
      cause: error,
    });
    expect(failure.status === 'failed' && failureCode(failure)).toBe('MODEL_RATE_LIMITED');
  });

  it.each([
    [404, false, 'not_found'],
    [403, false, 'authorization'],
    [429, true, 'rate_limit'],
    [503, true, 'network'],
    [400, false, 'external_service_error'],
  ])('tells what status %s means', (status, retryable, category) => {
    const error = Object.assign(new Error('x'), { code: 'SOURCE_HTTP_STATUS', retryable, status });
    expect(portFailure(error)).toMatchObject({ errorCategory: category, retryable });
  });

  it('leaves an abort, a carried result and an unknown error what they are', () => {
    expect(portFailure(new DOMException('stop', 'AbortError'))).toMatchObject({ errorCategory: 'cancelled' });
    const result = StepResult.fail('x', { errorCategory: 'quota_exceeded' });
    expect(portFailure(new StepFailure(result))).toBe(result);
    expect(portFailure(new HttpError('HTTP_TIMEOUT', 'It was too slow.', { retryAfterMs: 5 }))).toMatchObject(
      {
        ...{ errorCategory: 'timeout', retryable: true, retryAfterMs: 5, details: { code: 'HTTP_TIMEOUT' } },
      },
    );
    expect(portFailure(new Error('bug'))).toMatchObject({ errorCategory: 'execution', retryable: false });
    expect(portFailure('text')).toMatchObject({ errorCategory: 'execution', error: 'text' });
    expect(failureCode({ details: ['x'] })).toBeUndefined();
  });
});

describe('content hashes', () => {
  it('are SHA-256 of the bytes, and of what a document says', () => {
    expect(hashBytes(new TextEncoder().encode('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    const document = {
      format: 'feed' as const,
      uri: 'a',
      title: A_TALK.slice(0, 6),
      language: 'eng',
      segments: [],
      wordCount: 0,
      warnings: [],
    };
    expect(hashDocument({ ...document, uri: 'b' })).toBe(hashDocument(document));
    expect(hashDocument({ ...document, title: 'other' })).not.toBe(hashDocument(document));
    expect(briefingId('0123456789abcdef', 'deep')).toBe('0123456789ab-deep');
  });
});
