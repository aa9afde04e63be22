import type { TextModel } from './text-model.js';

const wordSet = (words: string): ReadonlySet<string> => new Set(words.split(' '));

/** Abbreviations of things, formats, degrees and offices that whoever does not know them takes for bodies. Lower case. */
const COMMON: ReadonlySet<string> = wordSet(
  'url uri urn ui ux gui cli api sdk ide cpu gpu tpu ram rom ssd hdd usb hdmi pci bios dns dhcp tcp udp ip ipv4 ipv6 http https ftp ' +
    'ssh ssl tls vpn vps vm lan wan cdn cors csrf xss ssrf html css js ts xml json yaml csv pdf svg png jpg jpeg gif mp3 mp4 rss sql ' +
    'nosql orm db rdbms crud acid rest soap rpc grpc jwt oauth saml sso mfa 2fa pki aes rsa gcm sha md5 hmac ai ml nlp llm llms ' +
    'gpt rag ocr tts asr iot vr xr qa ci cd cicd prs mvp poc kpir sla slo roi seo crm erp cms saas paas iaas cots foss oss ' +
    'os pc tv dvd cd led lcd gps sms faq diy eta asap fyi aka tbd tba lol imo rip vip ceo cto cfo coo cio ciso vp svp evp pm phd ' +
    'msc bsc mba dna rna pcr mri hiv aids gdp gnp cpi ppm rpm mph kph lru fifo lifo ascii utf unix og ids ok am pm ' +
    'utc gmt est pst cet bc ad bce ce vram nvme dom ajax spa pwa ssr mvc tdd bdd ddd regex rgb hdr fps dpi rtl ltr i18n a11y wysiwyg',
);

/** Abbreviated units: none is a name after a number, and some are elsewhere ("GB" is a country, too). */
const UNITS: ReadonlySet<string> = wordSet(
  'kb mb gb tb pb kib mib gib tib kbps mbps gbps hz khz mhz ghz thz ms ns km kg mg cm mm nm kw mw gw tw kwh mwh gwh twh kv mv ' +
    'ev kev mev gev db dba psi bpm rpm mph kph ft lb oz px pt am pm ad bc utc gmt',
);

/** Whether every word of a name, by its key, is an abbreviation of a thing: "CPU", "AES CBC". */
export function isThingAbbreviation(key: string): boolean {
  return key.split(' ').every((word) => COMMON.has(word.replace(/\./g, '')));
}

/** Whether a word, in lower case, is the abbreviation of a unit. */
export function isUnit(word: string): boolean {
  return UNITS.has(word);
}

const ACRONYM = /^\p{Lu}[\p{Lu}\d]{1,5}$/u;
const PHRASE_WORD: ReadonlySet<string> = new Set(['NOUN', 'PROPN', 'ADJ', 'NUM']);

/** Acronyms, in lower case, that a text uses of things of which there are many: "an ADR", "the ADRs". */
export function countedAcronyms(text: TextModel): ReadonlySet<string> {
  const counted = new Set<string>();
  for (const { tokens } of text.sentences)
    tokens.forEach(({ text: word, pos }, at) => {
      if (/^\p{Lu}{2,5}s$/u.test(word)) counted.add(word.slice(0, -1).toLowerCase());
      // "An FBI agent" counts agents.
      const opens = /^an?$/i.test(tokens[at - 1]?.text ?? '');
      if (opens && pos !== 'ADJ' && ACRONYM.test(word) && !PHRASE_WORD.has(tokens[at + 1]?.pos ?? ''))
        counted.add(word.toLowerCase());
    });
  return counted;
}
