/** What a key says about its value; several may hold at once. */
export const KeyTrait = {
  plain: 0,
  /** The value is a secret. */
  secret: 1,
  /** …unless it is a number: `tokens: 512` is a count. */
  numbersStay: 2,
  /** Too ordinary a word to act on in running text: `auth: failed`. */
  quietInText: 4,
} as const;

const { secret, numbersStay, quietInText } = KeyTrait;

const SECRET_WORDS: ReadonlyMap<string, number> = new Map([
  ...[
    ['passwd', 'pwd', 'pwds', 'passphrase', 'passphrases', 'passcode', 'secret', 'secrets', 'token'],
    ['authorization', 'cookie', 'credential', 'credentials', 'cred', 'creds', 'bearer', 'jwt', 'jwts'],
    ['ssn', 'otp', 'totp', 'cvv', 'cvc'],
  ]
    .flat()
    .map((word): [string, number] => [word, secret]),
  ['tokens', secret | numbersStay],
  ['cookies', secret | numbersStay],
  ['auth', secret | quietInText],
  ['sig', secret | quietInText],
]);

/** Ordinary words that name a secret only where nothing follows them: `dbPass`, `pin`; not `passRate`. */
const LAST_WORDS: ReadonlyMap<string, number> = new Map([
  ['pass', secret | numbersStay | quietInText],
  ['pin', secret | quietInText],
]);

/** Secrets that take two words. */
const SECRET_PHRASES: readonly (readonly string[])[] = [
  ...[
    'api',
    'private',
    'access',
    'secret',
    'encryption',
    'signing',
    'ssh',
    'master',
    'account',
    'shared',
  ].map((kind) => [kind, 'key']),
  ['api', 'keys'],
  ['access', 'keys'],
  ['private', 'keys'],
  ['connection', 'string'],
  ['card', 'number'],
  ['credit', 'card'],
  ['security', 'code'],
  ['recovery', 'codes'],
  ['backup', 'codes'],
  ['pin', 'code'],
  ['amz', 'signature'],
];

/** Endings that name a secret however the words before them are run together: `clientsecret`, `mypassword`. */
const SECRET_ENDINGS: readonly string[] = [
  ...['password', 'passwords', 'passwd', 'passphrase', 'secret', 'token', 'credentials'],
  ...['apikey', 'apikeys', 'secretkey', 'privatekey', 'accesskey', 'connectionstring'],
];

/** Words that, after a secret one, make the key speak *about* the secret: `tokenCount`, `passwordPolicy`. */
const DESCRIBING_WORDS: ReadonlySet<string> = new Set(
  [
    [
      'count',
      'counts',
      'length',
      'size',
      'total',
      'limit',
      'limits',
      'max',
      'min',
      'used',
      'usage',
      'remaining',
    ],
    [
      'budget',
      'rate',
      'per',
      'type',
      'kind',
      'name',
      'policy',
      'status',
      'state',
      'scheme',
      'method',
      'mode',
    ],
    [
      'provider',
      'service',
      'manager',
      'source',
      'store',
      'version',
      'strategy',
      'algorithm',
      'module',
      'handler',
    ],
    [
      'expiry',
      'expires',
      'expired',
      'expiration',
      'at',
      'in',
      'ttl',
      'ms',
      'seconds',
      'age',
      'index',
      'level',
    ],
    [
      'required',
      'enabled',
      'present',
      'valid',
      'invalid',
      'missing',
      'reset',
      'attempts',
      'failed',
      'failures',
    ],
    [
      'error',
      'errors',
      'field',
      'fields',
      'file',
      'path',
      'url',
      'uri',
      'endpoint',
      'host',
      'server',
      'flow',
    ],
  ].flat(),
);

const WORD_BOUNDARY = /(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z]+/;
/** A key is judged by this many characters. */
const MAX_KEY_CHARACTERS = 256;
const MAX_REMEMBERED = 2_000;

/** `apiKey`, `API_KEY`, `x-api-key` → words in lower case; compatibility forms and invisible characters folded. */
export function keyWords(key: string): string[] {
  return key
    .slice(0, MAX_KEY_CHARACTERS)
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .split(WORD_BOUNDARY)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

/** Tells which keys hold secrets, by whole words. Answers are remembered, up to a bound. */
export class SecretKeys {
  readonly #phrases: readonly (readonly string[])[];
  readonly #known = new Map<string, number>();

  /** @param extra More words or phrases, in any spelling: `email`, `sessionId`, `seed-phrase`. */
  constructor(extra: readonly string[] = []) {
    this.#phrases = [...SECRET_PHRASES, ...extra.map(keyWords).filter((words) => words.length > 0)];
  }

  /** The traits of `key`, as a sum of {@link KeyTrait}s. */
  traits(key: string): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const traits = this.#judge(keyWords(key));
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    if (key.length <= MAX_KEY_CHARACTERS) this.#known.set(key, traits);
    return traits;
  }

  /** The last secret word decides, unless a describing word comes after it. */
  #judge(words: readonly string[]): number {
    for (let at = words.length - 1; at >= 0; at -= 1) {
      const traits = this.#wordTraits(words, at);
      if (traits !== KeyTrait.plain) return traits;
      if (DESCRIBING_WORDS.has(words[at] ?? '')) return KeyTrait.plain;
    }
    const squeezed = words.join('');
    return SECRET_ENDINGS.some((ending) => squeezed.endsWith(ending)) ? secret : KeyTrait.plain;
  }

  #wordTraits(words: readonly string[], at: number): number {
    const word = words[at] ?? '';
    const listed = SECRET_WORDS.get(word) ?? (at === words.length - 1 ? LAST_WORDS.get(word) : undefined);
    if (listed !== undefined) return listed;
    if (this.#phraseEndsAt(words, at)) return secret;
    if (word.endsWith('tokens')) return secret | numbersStay;
    if (word.includes('password') && word !== 'passwordless') return secret;
    return SECRET_ENDINGS.some((ending) => word.endsWith(ending)) ? secret : KeyTrait.plain;
  }

  #phraseEndsAt(words: readonly string[], at: number): boolean {
    return this.#phrases.some((phrase) =>
      phrase.every((word, index) => words[at - phrase.length + 1 + index] === word),
    );
  }
}
