import {
  KnowledgeBase,
  loadOfficeHolders,
  parseKnowledge,
  type Briefing,
  type BriefingStore,
  type BriefingSummary,
  type Completion,
  type CompletionRequest,
  type ContentSource,
  type Depth,
  type HttpClient,
  type Knowledge,
  type KnowledgeSource,
  type LanguageModel,
  type Page,
  type RawContent,
  type SearchHit,
  type ListOptions,
  type PutOptions,
  type StateCollection,
  type StateKey,
  type StateRecord,
  type StateStore,
} from '@kapelle/orchestrators';
import { readFile } from 'node:fs/promises';
import type { FileOrHttpContentSourceOptions } from './adapters/content-source.js';
import type { LanguageModelSettings } from './settings.js';

// The adapters bring HTTP clients and a native database with them: each is loaded by the first call that needs it,
// so that "list" does not wait for an HTTP client and a broken database does not keep anything from being analysed.

/** Reads files and public web servers. */
export class LazyContentSource implements ContentSource {
  readonly #options: FileOrHttpContentSourceOptions;
  #source: Promise<ContentSource> | undefined;

  constructor(options: FileOrHttpContentSourceOptions) {
    this.#options = options;
  }

  /** The same with a client that others use too: its bounds, breakers and cache, which is each tenant's own. */
  through(http: HttpClient): LazyContentSource {
    const { maxBytes, stdin } = this.#options;
    return new LazyContentSource({
      http,
      ...(maxBytes === undefined ? {} : { maxBytes }),
      ...(stdin === undefined ? {} : { stdin }),
    });
  }

  async acquire(uri: string, options: { readonly signal: AbortSignal }): Promise<RawContent> {
    this.#source ??= import('./adapters/content-source.js').then(
      ({ FileOrHttpContentSource }) => new FileOrHttpContentSource(this.#options),
    );
    return (await this.#source).acquire(uri, options);
  }
}

/** The database, opened by the first call. One that could not be opened is tried again by the next. */
export class LazyBriefingStore implements BriefingStore {
  readonly #file: string;
  #store: Promise<BriefingStore> | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async save(tenantId: string, briefing: Briefing): Promise<void> {
    return (await this.#open()).save(tenantId, briefing);
  }

  async get(tenantId: string, id: string): Promise<Briefing | undefined> {
    return (await this.#open()).get(tenantId, id);
  }

  async findByContent(tenantId: string, contentHash: string, depth: Depth): Promise<Briefing | undefined> {
    return (await this.#open()).findByContent(tenantId, contentHash, depth);
  }

  async list(tenantId: string, page: Page): Promise<BriefingSummary[]> {
    return (await this.#open()).list(tenantId, page);
  }

  async search(tenantId: string, query: string, options: Pick<Page, 'limit'>): Promise<SearchHit[]> {
    return (await this.#open()).search(tenantId, query, options);
  }

  async close(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    // What could not be opened needs no closing.
    await (await store?.catch(() => undefined))?.close();
  }

  #open(): Promise<BriefingStore> {
    if (this.#store === undefined) {
      const opening = import('./adapters/libsql-briefing-store.js').then(({ LibsqlBriefingStore }) =>
        LibsqlBriefingStore.open({ file: this.#file }),
      );
      this.#store = opening;
      opening.catch(() => {
        if (this.#store === opening) this.#store = undefined;
      });
    }
    return this.#store;
  }
}

/** The state in the same database. One that could not be opened is tried again by the next call. */
export class LazyStateStore implements StateStore {
  readonly durable = true;
  readonly #file: string;
  #store: Promise<StateStore> | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async get<T>(at: StateKey): Promise<StateRecord<T> | undefined> {
    return (await this.#open()).get<T>(at);
  }

  async put<T>(at: StateKey, value: T, options?: PutOptions): Promise<StateRecord<T>> {
    return (await this.#open()).put(at, value, options);
  }

  async delete(at: StateKey): Promise<boolean> {
    return (await this.#open()).delete(at);
  }

  async list<T>(of: StateCollection, options?: ListOptions): Promise<readonly StateRecord<T>[]> {
    return (await this.#open()).list<T>(of, options);
  }

  async close(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await (await store?.catch(() => undefined))?.close();
  }

  #open(): Promise<StateStore> {
    if (this.#store === undefined) {
      const opening = import('./adapters/libsql-state-store.js').then(({ LibsqlStateStore }) =>
        LibsqlStateStore.open({ file: this.#file }),
      );
      this.#store = opening;
      opening.catch(() => {
        if (this.#store === opening) this.#store = undefined;
      });
    }
    return this.#store;
  }
}

/** A completion server; its client is loaded by the first question. */
export class LazyLanguageModel implements LanguageModel {
  readonly id: string;
  readonly #settings: LanguageModelSettings;
  #model: Promise<LanguageModel> | undefined;

  constructor(settings: LanguageModelSettings) {
    this.id = `openai:${settings.model}`;
    this.#settings = settings;
  }

  async complete(request: CompletionRequest): Promise<Completion> {
    return (await this.#load()).complete(request);
  }

  async isAvailable(signal: AbortSignal): Promise<boolean> {
    return (await this.#load()).isAvailable(signal);
  }

  #load(): Promise<LanguageModel> {
    return (this.#model ??= import('./adapters/openai-language-model.js').then(
      ({ OpenAiLanguageModel }) => new OpenAiLanguageModel(this.#settings),
    ));
  }
}

/** A file of knowledge that cannot be read. */
export class KnowledgeFileError extends Error {
  override readonly name = 'KnowledgeFileError';
  readonly code = 'KNOWLEDGE_FILE_UNREADABLE';
  readonly retryable = false;
}

/** Knowledge from YAML files, read at the first call. One that could not be read is tried again by the next. */
export class FileKnowledge implements KnowledgeSource {
  readonly #files: readonly string[];
  #base: Promise<KnowledgeBase> | undefined;

  /** @param files in the format of the bot's own file, or a list of people and their terms in office */
  constructor(files: readonly string[]) {
    this.#files = files;
  }

  load(): Promise<KnowledgeBase> {
    if (this.#base === undefined) {
      const reading = Promise.all(this.#files.map(readKnowledge)).then(
        (parts) => new KnowledgeBase(...parts),
      );
      this.#base = reading;
      reading.catch(() => {
        this.#base = undefined;
      });
    }
    return this.#base;
  }
}

async function readKnowledge(file: string): Promise<Partial<Pick<Knowledge, 'facts' | 'statements'>>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new KnowledgeFileError(
      `The knowledge in "${file}" cannot be read (${String(error)}). Check the path and its permissions.`,
      { cause: error },
    );
  }
  // A list at the top is the public list of office-holders, whose entries begin with a dash.
  return /^(?:\s*#.*\n|---.*\n|\s*\n)*- /.test(text.slice(0, 2_000))
    ? { facts: loadOfficeHolders(text, file) }
    : parseKnowledge(text);
}
