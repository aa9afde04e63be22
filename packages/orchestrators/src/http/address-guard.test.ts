import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { get as nodeGet, type RequestListener } from 'node:http';
import { AddressGuard } from './address-guard.js';
import { httpFailure as failure } from './fixtures/http-failure.js';
import { type LocalServer, LocalServers } from './fixtures/local-server.js';
import type { NodeHttpClientOptions } from './http-options.js';
import { NodeHttpClient } from './node-http-client.js';

const text = ({ body }: { body: Uint8Array }) => Buffer.from(body).toString();

const servers = new LocalServers();
const clients: NodeHttpClient[] = [];
const serve = (handler: RequestListener, host = '127.0.0.1') => servers.start(handler, { host });
const client = (options: NodeHttpClientOptions) => {
  const made = new NodeHttpClient({ attempts: 1, ...options });
  clients.push(made);
  return { get: (url: string) => made.request({ url, tenantId: 'acme' }), stats: () => made.stats() };
};
afterEach(() => {
  clients.splice(0).forEach((each) => each.close());
  return servers.close();
});

const LOOPBACK = { allowAddresses: ['127.0.0.1'] };

describe('AddressGuard', () => {
  // A second loopback address lets a redirecting server be allowed and its target not. Only Linux has them all.
  const canaryHost = process.platform === 'linux' ? '127.0.0.2' : '::1';
  let canary: LocalServer;

  beforeEach(async () => {
    canary = await serve((_, response) => response.end('the canary sings'), canaryHost);
  });

  /** Spellings of loopback addresses, and of others that lead inside. */
  const HOSTS = [
    ...[
      '127.0.0.2',
      '127.0.0.1',
      '127.2',
      '127.0.2',
      '2130706434',
      '0x7f000002',
      '0x7f.2',
      '0177.0.0.2',
      '017700000002',
    ],
    ...[
      '0x7F.0x0.0x0.0x2',
      '127.0.0.2.',
      '１２７.０.０.２',
      '①②⑦.⓪.⓪.②',
      '127。0。0。2',
      '%31%32%37.0.0.2',
      '127.0.0.%32',
    ],
    ...[
      '0.0.0.0',
      '0',
      '[::1]',
      '[::]',
      '[0:0:0:0:0:0:0:1]',
      '[::ffff:127.0.0.2]',
      '[::ffff:7f00:2]',
      '[::127.0.0.2]',
    ],
    ...[
      '[64:ff9b::127.0.0.2]',
      '[64:ff9b:1::7f00:2]',
      '[2002:7f00:2::]',
      '[2001:0:7f00:2::]',
      '[::ffff:0:127.0.0.2]',
    ],
    ...[
      '[fe80::1]',
      '[fc00::1]',
      '[fd00:ec2::254]',
      '[ff02::1]',
      '[fec0::1]',
      '[100::1]',
      '[2001:db8::1]',
      '[3fff::1]',
    ],
    ...[
      '10.0.0.1',
      '172.16.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '192.0.0.1',
      '198.18.0.1',
      '224.0.0.1',
    ],
    ...['240.0.0.1', '255.255.255.255', '192.0.2.1', '192.88.99.1'],
    ...[
      'localhost',
      'LOCALHOST',
      'localhost.',
      'a.localhost',
      'printer.local',
      'metadata.google.internal',
      'router.home.arpa',
    ],
  ];

  it('reaches none of them by name, number or notation', async () => {
    const looked: string[] = [];
    const source = client({
      connectTimeoutMs: 500,
      resolve: (hostname) => {
        looked.push(hostname);
        return Promise.resolve([{ address: canaryHost, family: 4 }]);
      },
    });
    const attempts = HOSTS.map((host) => `http://${host}:${String(canary.port)}/`);
    attempts.push(
      `http://user@127.0.0.2:${String(canary.port)}/`,
      `http://good.example@127.0.0.2:${String(canary.port)}`,
    );
    attempts.push(
      `http://u:p@good.example:${String(canary.port)}/`,
      `http:\\\\127.0.0.2:${String(canary.port)}/`,
    );
    attempts.push(`http:127.0.0.2:${String(canary.port)}`, `HTTPS:///127.0.0.2:${String(canary.port)}/`);
    attempts.push(
      `http://127.0.0.2:${String(canary.port)}#@good.example`,
      `ht\ntp://127.0.0.2:${String(canary.port)}`,
    );
    for (const uri of attempts) {
      const error = await failure(source.get(uri));
      expect([uri, error.code]).toEqual([
        uri,
        expect.stringMatching(/^HTTP_(ADDRESS_FORBIDDEN|REQUEST_INVALID)$/),
      ]);
      expect(error.retryable).toBe(false);
    }
    expect(attempts.length).toBeGreaterThanOrEqual(25);
    expect(looked).toEqual([]);
    expect([canary.requests, canary.connections]).toEqual([[], 0]);
  });

  it('would reach the canary without the guard, so the attempts above mean something', async () => {
    if (process.platform !== 'linux') return;
    const spellings = [
      '127.0.0.2',
      '127.2',
      '2130706434',
      '0x7f000002',
      '0177.0.0.2',
      '１２７.０.０.２',
      '[::ffff:127.0.0.2]',
    ];
    const reached: string[] = [];
    for (const host of spellings) {
      const answer = await new Promise<string>((resolve) => {
        const asked = nodeGet(new URL(`http://${host}:${String(canary.port)}/`), (response) => {
          response.setEncoding('utf8').once('data', resolve);
        });
        asked.once('error', () => resolve(''));
      });
      if (answer === 'the canary sings') reached.push(host);
    }
    expect(reached).toEqual(expect.arrayContaining(spellings.slice(0, 6)));
  });

  it('judges every redirect again', async () => {
    const targets = [
      ...[
        '127.0.0.2',
        '2130706434',
        '0x7f.2',
        '[::1]',
        '[::ffff:127.0.0.2]',
        '[::ffff:127.0.0.1]',
        '0.0.0.0',
        'inside.example',
      ],
    ].map((host) => `http://${host}:${String(canary.port)}/`);
    targets.push(`//127.0.0.2:${String(canary.port)}/`, `http://me@127.0.0.1:${String(canary.port)}/`);
    targets.push('file:///etc/passwd', 'ftp://127.0.0.2/', 'data:text/plain,x', 'gopher://127.0.0.2:1/_x');
    const server = await serve((incoming, response) => {
      const [, path = ''] = (incoming.url ?? '').split('/');
      response.writeHead(302, { location: targets[Number(path)] ?? '' }).end();
    });
    const source = client({
      ...LOOPBACK,
      resolve: () => Promise.resolve([{ address: canaryHost, family: canaryHost.includes(':') ? 6 : 4 }]),
    });
    for (const [index, target] of targets.entries()) {
      const error = await failure(source.get(`${server.origin}/${String(index)}`));
      const expected = /^(http|\/\/)/.test(target) ? 'HTTP_ADDRESS_FORBIDDEN' : 'HTTP_SCHEME_UNSUPPORTED';
      expect([target, error.code]).toEqual([target, expected]);
    }
    expect([canary.requests, canary.connections]).toEqual([[], 0]);
  });

  it('connects only to the addresses it has judged, and judges all of them', async () => {
    const server = await serve((_, response) => response.end('allowed'));
    const rebind = await serve((_, response) =>
      response.writeHead(302, { location: `http://moving.example:${String(canary.port)}/` }).end(),
    );
    const answers: string[][] = [];
    const asked: string[] = [];
    const source = client({
      ...LOOPBACK,
      resolve: (hostname) => {
        asked.push(hostname);
        return Promise.resolve(
          (answers.shift() ?? [canaryHost]).map((address) => ({
            address,
            family: address.includes(':') ? 6 : 4,
          })),
        );
      },
    });
    const get = (port: number) => source.get(`http://moving.example:${String(port)}/`);

    // The second answer would lead to the canary: it is never asked for.
    answers.push(['127.0.0.1']);
    expect(text(await get(server.port))).toBe('allowed');
    expect(asked).toEqual(['moving.example']);
    // A new address between two hops.
    answers.push(['127.0.0.1'], [canaryHost]);
    expect((await failure(get(rebind.port))).message).toBe(
      `"moving.example" leads to ${canaryHost}, which is not an address of the public internet. ` +
        'Use a public address, or allow this one in allowAddresses.',
    );
    // A bad address among good ones, in any place; and things that are no addresses.
    for (const mixed of [
      ['127.0.0.1', canaryHost],
      [canaryHost, '127.0.0.1'],
      ['127.0.0.1', '::ffff:127.0.0.2'],
    ]) {
      answers.push(mixed);
      expect((await failure(get(canary.port))).code).toBe('HTTP_ADDRESS_FORBIDDEN');
    }
    for (const odd of ['0177.0.0.1', 'localhost', '127.1', 'fe80::1%lo', '']) {
      answers.push([odd]);
      expect((await failure(get(canary.port))).code).toBe('HTTP_ADDRESS_FORBIDDEN');
    }
    expect([canary.requests, canary.connections]).toEqual([[], 0]);
  });

  it('lets names of a local network lead to allowed addresses only', async () => {
    const server = await serve((_, response) => response.end('intranet'));
    const make = (address: string, allowAddresses: string[]) =>
      client({
        allowAddresses,
        resolve: () => Promise.resolve([{ address, family: 4 }]),
      });
    const uri = `http://wiki.internal:${String(server.port)}/`;
    expect(text(await make('127.0.0.1', ['127.0.0.0/8']).get(uri))).toBe('intranet');
    // A public address under a local name is somebody's trick.
    for (const address of ['93.184.216.34', '10.0.0.1']) {
      const error = await failure(make(address, ['127.0.0.0/8']).get(uri));
      expect(error.message).toContain(`"wiki.internal" leads to ${address}`);
    }
  });

  it('takes an address of the public internet for public, and no other', () => {
    const guard = new AddressGuard(['10.1.0.0/16', 'fd00:1::/32', '::ffff:10.9.0.0/112'], () =>
      Promise.resolve([]),
    );
    const passes = (host: string) => {
      try {
        guard.checkHost(host);
        return true;
      } catch {
        return false;
      }
    };
    const ours = [
      '8.8.8.8',
      '93.184.216.34',
      '1.1.1.1',
      '2606:4700::1111',
      '[2a00:1450:4001::200e]',
      'example.org',
    ];
    ours.push('10.1.2.3', '[fd00:1::5]', '::ffff:10.9.0.1');
    expect(ours.filter((host) => !passes(host))).toEqual([]);
    const others = [
      '10.2.0.1',
      'fd00:2::5',
      '::ffff:10.1.2.3',
      '4000::1',
      '::8.8.8.8',
      '::ffff:8.8.8.8',
      '2002:808:808::',
    ];
    expect(others.filter(passes)).toEqual([]);

    fc.assert(
      fc.property(
        fc.constantFrom('10', '127', '0', '169.254', '192.168', '240', '224'),
        fc.ipV4(),
        (prefix, tail) => {
          const address = [...prefix.split('.'), ...tail.split('.')].slice(0, 4).join('.');
          const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
          for (const host of [address, String(number), `0x${number.toString(16)}`, `[::ffff:${address}]`]) {
            const { hostname } = new URL(`http://${host}/`);
            if (!address.startsWith('10.1.') && !address.startsWith('10.9.'))
              expect([host, passes(hostname)]).toEqual([host, false]);
          }
        },
      ),
      { seed: 3 },
    );
  });
});
