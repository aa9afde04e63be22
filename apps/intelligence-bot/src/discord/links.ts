/** Links that are taken of one message, at most. */
export const MAX_LINKS = 10;

const LINK = /https?:\/\/[^\s<>"`|\\^{}]{1,2000}/gi;
/** What stands behind a link and belongs to the sentence. */
const TAIL = new Set(['.', ',', ';', ':', '!', '?', "'", '*', '_', '~']);
/** Links to messages, invitations and the like lead to nothing that can be read. */
const DISCORD_ITSELF = /^(?:[\w-]+\.)?discord(?:app)?\.(?:com|gg|new)$/;

/** The web addresses in a message, each once, in order. Those with a password and those into Discord itself are left out. */
export function linksOf(text: string): string[] {
  const found = new Set<string>();
  for (const [match] of text.matchAll(LINK)) {
    const url = parsed(trimmed(match));
    if (url === undefined || url.username !== '' || url.password !== '') continue;
    if (DISCORD_ITSELF.test(url.hostname) && !url.hostname.startsWith('cdn.')) continue;
    url.hash = '';
    found.add(url.href);
    if (found.size === MAX_LINKS) break;
  }
  return [...found];
}

function parsed(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Without what belongs to the sentence around it: a bracket that was opened inside the link stays. */
function trimmed(link: string): string {
  // How many more are closed than opened.
  const unopened = { ')': count(link, ')') - count(link, '('), ']': count(link, ']') - count(link, '[') };
  let end = link.length;
  for (; end > 0; end -= 1) {
    const last = link[end - 1] ?? '';
    if (last === ')' || last === ']') {
      if (unopened[last] <= 0) break;
      unopened[last] -= 1;
    } else if (!TAIL.has(last)) break;
  }
  return link.slice(0, end);
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
