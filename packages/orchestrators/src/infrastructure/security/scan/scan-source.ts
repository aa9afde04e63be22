import type { ScanFinding } from './finding.js';

interface Secret {
  readonly what: string;
  readonly pattern: RegExp;
  /** Of the secret part; below it is a word, not a key. */
  readonly minEntropy?: number;
}

/** Forms of keys that their issuers document, and assignments of long random texts to telling names. */
const SECRETS: readonly Secret[] = [
  {
    what: 'private key',
    pattern: /-----BEGIN (?:RSA |EC |OPENSSH |DSA |PGP |ENCRYPTED )?PRIVATE KEY(?: BLOCK)?-----/,
  },
  { what: 'AWS access key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  { what: 'GitHub token', pattern: /\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_[A-Za-z0-9_]{60,255}\b/ },
  { what: 'npm token', pattern: /\bnpm_[A-Za-z0-9]{36}\b|_authToken\s{0,3}=\s{0,3}[^\s$]{20,}/ },
  { what: 'Slack token', pattern: /\bxox[baprs]-[A-Za-z0-9-]{10,250}\b/ },
  { what: 'Stripe key', pattern: /\b[sr]k_live_[A-Za-z0-9]{16,250}\b/ },
  { what: 'Google API key', pattern: /\bAIza[0-9A-Za-z_-]{35}\b/ },
  { what: 'OpenAI key', pattern: /\bsk-(?:proj-)?[A-Za-z0-9_-]{32,250}\b/, minEntropy: 3.5 },
  { what: 'Discord token', pattern: /\b[MNO][A-Za-z\d_-]{23,27}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,40}\b/ },
  {
    what: 'JSON web token',
    pattern: /\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,2000}\b/,
  },
  {
    what: 'password in an address',
    pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@'"]{1,100}:([^\s:/@'"${}<]{3,100})@[^\s'"]{3,200}/i,
  },
  {
    what: 'hard-coded secret',
    pattern:
      /(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret)["'`]?\s{0,4}[:=]\s{0,4}["'`]([^"'`\s]{8,200})["'`]/i,
    minEntropy: 3,
  },
];

const CODE: readonly (Pick<ScanFinding, 'kind' | 'level' | 'what'> & { readonly pattern: RegExp })[] = [
  {
    kind: 'string_built_sql',
    level: 'critical',
    what: 'SQL put together from text: use parameters',
    pattern:
      /(?:["'`])\s{0,3}(?:select\s[^"'`]{1,200}\sfrom\s|insert\s+into\s|update\s+\w{1,60}\s+set\s|delete\s+from\s)[^"'`]{0,300}(?:\$\{|["'`]\s{0,3}(?:\+|%\s{0,2}[\w(]|\.format\b))/i,
  },
  {
    kind: 'weak_crypto',
    level: 'medium',
    what: 'a hash that is broken',
    pattern:
      /\bcreate(?:Hash|Hmac)\s{0,3}\(\s{0,3}["'`](?:md5|md4|sha1|ripemd160)["'`]|\bhashlib\.(?:md5|sha1)\b/i,
  },
  {
    kind: 'weak_crypto',
    level: 'medium',
    what: 'a cipher that is broken',
    pattern:
      /\bcreate(?:Cipher|Decipher)\s{0,3}\(|createCipheriv\s{0,3}\(\s{0,3}["'`](?:des|rc4|[\w-]{1,12}-ecb)/i,
  },
  {
    kind: 'weak_crypto',
    level: 'medium',
    what: 'random numbers that can be guessed, for a secret',
    pattern:
      /(?:token|secret|password|nonce|salt|session\w{0,10})\w{0,20}\s{0,3}[:=][^;\n]{0,80}\bMath\.random\s{0,2}\(/i,
  },
  {
    kind: 'code_evaluation',
    level: 'high',
    what: 'text run as code',
    pattern: /(?:^|[^.\w])eval\s{0,2}\(\s{0,2}(?!["'`)])\w/,
  },
];

const PLACEHOLDER =
  /^(?:<[^>]*>|\$\{?[\w.]+\}?|%[\w.]+%|x{4,}|\*{3,}|your[-_ ].*|changeme.*|example.*|placeholder.*|dummy.*|test.*|redacted|null|undefined|true|false|process\.env.*|[a-z_]+\(.*)$/i;
const MAX_LINE = 4_000;
/** Nothing that is looked for is shorter. */
const MIN_LINE = 6;

/** What one text file holds that it should not: secrets in any file, dangerous code in source files. */
export function scanSource(file: string, text: string): readonly ScanFinding[] {
  const isCode = /\.(?:[cm]?[jt]sx?|py|rb|php|java|go|cs|kt|sql)$/i.test(file);
  const findings: ScanFinding[] = [];
  for (const [index, whole] of text.split('\n').entries()) {
    if (whole.length < MIN_LINE) continue;
    const line = whole.slice(0, MAX_LINE);
    for (const { what, pattern, minEntropy = 0 } of SECRETS) {
      const found = pattern.exec(line);
      if (found === null) continue;
      const secret = found[1] ?? found[0];
      if (PLACEHOLDER.test(secret) || entropyOf(secret) < minEntropy) continue;
      findings.push({
        kind: 'secret',
        level: 'high',
        file,
        line: index + 1,
        what,
        excerpt: hidden(line, secret),
      });
      break;
    }
    if (!isCode) continue;
    for (const { pattern, ...rest } of CODE) {
      if (pattern.test(line))
        findings.push({ ...rest, file, line: index + 1, excerpt: line.trim().slice(0, 160) });
    }
  }
  return findings;
}

/** Bits per character (C. Shannon, 1948): below 3 for words, above 3.5 for random keys. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

function hidden(line: string, secret: string): string {
  const shown = secret.length > 12 ? `${secret.slice(0, 4)}…` : '…';
  return line.replace(secret, shown).trim().slice(0, 160);
}
