import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { HttpError, shownUrl } from './http-error.js';

/** All addresses of a name, as `dns.promises.lookup(name, { all: true })` gives them. */
export type AddressResolver = (hostname: string) => Promise<readonly LookupAddress[]>;

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
/** The only block of IPv6 that is given to anybody (RFC 4291; IANA, IPv6 global unicast address space). */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Decides which hosts may be asked. Only global unicast addresses may, besides those allowed explicitly. A name is looked
 * up once and judged by all its addresses; the connection goes to exactly those, so a name that changes its address in
 * between gains nothing.
 */
export class AddressGuard {
  readonly #allowed: readonly Network[];
  readonly #resolve: AddressResolver;

  /**
   * @param allowAddresses addresses or CIDR ranges allowed although they are not global
   * @throws TypeError for an entry that is neither
   */
  constructor(allowAddresses: readonly string[], resolve: AddressResolver) {
    this.#allowed = allowAddresses.map(parseNetwork);
    this.#resolve = resolve;
  }

  /**
   * Judges what can be judged before a look-up: scheme, user information, and a host written as an address.
   *
   * @throws {@link HttpError} `HTTP_SCHEME_UNSUPPORTED` or `HTTP_ADDRESS_FORBIDDEN`
   */
  checkUrl(url: URL): void {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new HttpError(
        'HTTP_SCHEME_UNSUPPORTED',
        `"${url.protocol}" addresses cannot be asked. Use http or https.`,
      );
    }
    if (url.username !== '' || url.password !== '') {
      throw new HttpError(
        'HTTP_ADDRESS_FORBIDDEN',
        `${shownUrl(url)} carries a user name or password. Remove what stands before the "@".`,
      );
    }
    this.checkHost(url.hostname);
  }

  /**
   * Judges a host before it is looked up. A literal address is judged completely, because no look-up follows.
   *
   * @throws {@link HttpError} `HTTP_ADDRESS_FORBIDDEN`
   */
  checkHost(hostname: string): void {
    const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    if (isIP(host) === 0) {
      // With an intranet allowed, its own names are judged by where they lead.
      if (isLocalName(host) && this.#allowed.length === 0)
        throw forbidden(
          `"${host}" is a name of a local network`,
          host === 'localhost' ? '127.0.0.1,::1' : undefined,
        );
    } else if (!this.#isGlobal(host) && !this.#isAllowed(host)) {
      throw forbidden(`${host} is not an address of the public internet`, host);
    }
  }

  /**
   * The addresses to connect to: all that the name has, each of them judged.
   *
   * @throws {@link HttpError} `HTTP_ADDRESS_FORBIDDEN` where any of them may not be asked, or `HTTP_HOST_UNKNOWN` for a name
   * without one; what the resolver rejects with
   */
  async addressesOf(hostname: string): Promise<readonly [LookupAddress, ...LookupAddress[]]> {
    const [first, ...rest] = await this.#resolve(hostname);
    if (first === undefined) throw unknownHost(hostname);
    for (const { address } of [first, ...rest]) {
      const isGlobal = !isLocalName(hostname) && this.#isGlobal(address);
      // One bad address among good ones is an attempt, or will be met by the next connection.
      if (!isGlobal && !this.#isAllowed(address)) {
        throw forbidden(
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
    // The library calls unassigned space unicast, too.
    return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6);
  }

  #isAllowed(address: string): boolean {
    const parsed = parseAddress(address);
    return this.#allowed.some(
      ([network, bits]) => parsed?.kind() === network.kind() && parsed.match(network, bits),
    );
  }
}

/** For a name that nothing is known of. */
export function unknownHost(hostname: string, cause?: unknown): HttpError {
  return new HttpError(
    'HTTP_HOST_UNKNOWN',
    `There is no host "${hostname}". Check the spelling of the address.`,
    { cause },
  );
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

function forbidden(what: string, address?: string): HttpError {
  return new HttpError(
    'HTTP_ADDRESS_FORBIDDEN',
    `${what}. Use a public address, or allow this one in allowAddresses.`,
    { address },
  );
}
