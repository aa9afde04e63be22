/** Elements that never have content. */
const VOID = new Set(
  'area base br col embed hr img input link meta param source track wbr frame basefont'.split(' '),
);
/** Elements that begin a line of their own. */
const BLOCK = new Set(
  (
    'address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure ' +
    'footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre search section summary ' +
    'table tbody td tfoot th thead tr ul option'
  ).split(' '),
);
/** What an opening tag ends without saying so: the element itself, up to the container that it stays within. */
const ENDED_BY: Readonly<
  Record<string, { readonly ends: readonly string[]; readonly within: readonly string[] }>
> = {
  li: { ends: ['li'], within: ['ul', 'ol', 'menu', 'dir'] },
  dt: { ends: ['dt', 'dd'], within: ['dl'] },
  dd: { ends: ['dt', 'dd'], within: ['dl'] },
  tr: { ends: ['tr'], within: ['table'] },
  td: { ends: ['td', 'th'], within: ['table', 'tr'] },
  th: { ends: ['td', 'th'], within: ['table', 'tr'] },
  option: { ends: ['option'], within: ['select'] },
};
/** How far up an implied end is looked for. */
const REACH = 24;

export const isVoid = (name: string): boolean => VOID.has(name);
export const isBlock = (name: string): boolean => BLOCK.has(name);

/**
 * The elements that are open in HTML, with the ends that HTML lets a writer leave out. A close tag that belongs to
 * nothing does nothing. Every operation takes constant time on average, however deep the page is nested.
 */
export class ElementStack {
  readonly #names: string[] = [];
  readonly #open = new Map<string, number>();
  readonly #onClose: (name: string, depth: number) => void;

  /** @param onClose called for every element that ends, with the depth that is left */
  constructor(onClose: (name: string, depth: number) => void) {
    this.#onClose = onClose;
  }

  get depth(): number {
    return this.#names.length;
  }

  isOpen(name: string): boolean {
    return (this.#open.get(name) ?? 0) > 0;
  }

  /** Ends what this tag ends; the element itself is on the stack afterwards, unless it can hold nothing. */
  open(name: string): void {
    if (isBlock(name) && this.isOpen('p')) this.#endNear(['p'], BLOCK);
    const rule = ENDED_BY[name];
    if (rule !== undefined) this.#endNear(rule.ends, new Set(rule.within));
    if (VOID.has(name)) return;
    this.#names.push(name);
    this.#open.set(name, (this.#open.get(name) ?? 0) + 1);
  }

  close(name: string): void {
    if (!this.isOpen(name)) return;
    for (;;) if (this.#pop() === name) return;
  }

  closeAll(): void {
    while (this.#names.length > 0) this.#pop();
  }

  #endNear(names: readonly string[], stops: ReadonlySet<string>): void {
    const from = this.#names.length;
    for (let at = from - 1; at >= Math.max(0, from - REACH); at -= 1) {
      const name = this.#names[at] as string;
      if (names.includes(name)) {
        while (this.#names.length > at) this.#pop();
        return;
      }
      if (stops.has(name)) return;
    }
  }

  #pop(): string | undefined {
    const name = this.#names.pop();
    if (name === undefined) return undefined;
    this.#open.set(name, (this.#open.get(name) ?? 1) - 1);
    this.#onClose(name, this.#names.length);
    return name;
  }
}
