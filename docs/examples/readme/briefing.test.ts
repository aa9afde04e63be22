import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { ArchiveOrchestrator, brief, host } from './briefing.js';

describe('the README example', () => {
  const server = createServer((_request, response) => {
    response.end('three plain words');
  });
  let url = '';

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  afterAll(async () => {
    await host.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('writes a briefing and keeps the page', async () => {
    expect(await brief(url)).toMatchObject({ status: 'ok', data: { url, words: 3 } });
    const archive = host.facade.get('archive') as ArchiveOrchestrator;
    expect((await host.stop()).clean).toBe(true);
    expect(archive.pages).toEqual(['three plain words']);
  });

  it('answers a bad address without throwing', async () => {
    await host.start();
    expect(await brief('no address')).toMatchObject({ status: 'failed', errorCategory: 'validation' });
  });
});
