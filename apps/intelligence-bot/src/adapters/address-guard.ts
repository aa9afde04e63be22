import { isIP, type LookupFunction } from 'node:net';
import type { LookupAddress } from 'node:dns';
import ipaddr from 'ipaddr.js';
import { SourceError, displayUrl } from './source-error.js';

/** All addresses of a name, as `dns.promises.lookup(name, { all: true })` gives them. */
export type Resolver = (hostname: string) => Promise<readonly LookupAddress[]>;

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Address, number];

/** Names that mean this machine or this network by convention, with everything below them. */
const LOCAL_NAMES = [
  'localhost',
  'localdomain',
  'local',
  'internal',
  'home.arpa',
  'ip6-localhost',
  'ip6-loopback',
];
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Decides which hosts may be asked for content. Only global unicast addresses may, besides those allowed
 * explicitly. A name is judged by all its addresses at the moment of connecting, and the connection goes to
 * the addresses that were judged, so a name that changes its address in between gains nothing.
 */
export class AddressGuard {
  readonly #allowed: readonly Network[];
  readonly #resolve: Resolver;

  /**
   * @param allowAddresses addresses or CIDR ranges allowed although they are not global
   * @throws TypeError for an entry that is neither
   */
  constructor(allowAddresses: readonly string[], resolve: Resolver) {
    this.#allowed = allowAddresses.map(parseNetwork);
    this.#resolve = resolve;
  }

  /**
   * Judges what can be judged before connecting: scheme, user information, and a host written as an address.
   *
   * @throws {@link SourceError} `SOURCE_UNSUPPORTED_SCHEME` or `SOURCE_BLOCKED_ADDRESS`
   */
  checkUrl(url: URL): void {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new SourceError(
        'SOURCE_UNSUPPORTED_SCHEME',
        `"${url.protocol}" addresses cannot be read. Use http, https, or the path of a file.`,
      );
    }
    if (url.username !== '' || url.password !== '') {
      throw new SourceError(
        'SOURCE_BLOCKED_ADDRESS',
        `${displayUrl(url)} carries a user name or password. Remove what stands before the "@".`,
      );
    }
    this.checkHost(url.hostname);
  }

  /**
   * Judges a host before it is looked up. A literal address is judged completely, because no look-up follows.
   *
   * @throws {@link SourceError} `SOURCE_BLOCKED_ADDRESS`
   */
  checkHost(hostname: string): void {
    const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    if (isIP(host) === 0) {
      // With an intranet allowed, its own names are judged by where they lead.
      if (isLocalName(host) && this.#allowed.length === 0)
        throw blocked(
          `"${host}" is a name of a local network`,
          host === 'localhost' ? '127.0.0.1,::1' : undefined,
        );
    } else if (!this.#isGlobal(host) && !this.#isAllowed(host)) {
      throw blocked(`${host} is not an address of the public internet`, host);
    }
  }

  /** For `net.connect`: looks a name up, judges every address, and hands on exactly those. */
  readonly lookup: LookupFunction = (hostname, { all }, callback) => {
    this.#addressesOf(hostname).then(
      ([first, ...rest]) => {
        if (all === true) callback(null, [first, ...rest]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };

  async #addressesOf(hostname: string): Promise<[LookupAddress, ...LookupAddress[]]> {
    const [first, ...rest] = await this.#resolve(hostname);
    if (first === undefined)
      throw Object.assign(new Error(`no address for ${hostname}`), { code: 'ENOTFOUND' });
    for (const { address } of [first, ...rest]) {
      const isGlobal = !isLocalName(hostname) && this.#isGlobal(address);
      // One bad address among good ones is an attempt, or will be met by the next connection.
      if (!isGlobal && !this.#isAllowed(address)) {
        throw blocked(
          `"${hostname}" leads to ${address}, which is not an address of the public internet`,
          address,
        );
      }
    }
    return [first, ...rest];
  }

  #isGlobal(address: string): boolean {
    const parsed = parseAddress(address);
    if (parsed?.range() !== 'unicast') return false;
    // The library calls unassigned space unicast, too; only this block is given to anybody.
    return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6);
  }

  #isAllowed(address: string): boolean {
    const parsed = parseAddress(address);
    return this.#allowed.some(
      ([network, bits]) => parsed?.kind() === network.kind() && parsed.match(network, bits),
    );
  }
}

/** Only the canonical spellings: the library also takes octal and shortened ones. */
function parseAddress(address: string): Address | undefined {
  return isIP(address) === 0 ? undefined : ipaddr.parse(address);
}

function parseNetwork(text: string, at: number): Network {
  const [address = '', bits, ...rest] = text.split('/');
  const parsed = parseAddress(address);
  const widest = parsed?.kind() === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
  if (parsed === undefined || rest.length > 0 || !(prefix <= widest)) {
    throw new TypeError(`allowAddresses[${String(at)}] must be an address or a CIDR range, got "${text}"`);
  }
  return [parsed, prefix];
}

function isLocalName(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '');
  return LOCAL_NAMES.some((local) => name === local || name.endsWith(`.${local}`));
}

function blocked(what: string, address?: string): SourceError {
  return new SourceError(
    'SOURCE_BLOCKED_ADDRESS',
    `${what}. Use a public address, or allow this one with KAPELLE_ALLOW_ADDRESSES${address === undefined ? '' : `=${address}`}.`,
  );
}
