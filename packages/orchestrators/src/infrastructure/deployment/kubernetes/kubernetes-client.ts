import type { HttpClient, HttpResponse } from '../../../http/index.js';
import type { DriverCall } from '../deployment-driver.js';
import { DeploymentError, type DeploymentErrorCode } from '../deployment-error.js';

/** The kinds of objects that a deployment is made of. */
export type KubernetesKind = 'Deployment' | 'Service';

/** Names one object. */
export interface KubernetesRef {
  readonly kind: KubernetesKind;
  readonly namespace: string;
  readonly name: string;
}

/** An object as the API server gives and takes it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: KubernetesKind;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    /** Set by the server: one more with each change of the `spec`. */
    readonly generation?: number;
    readonly resourceVersion?: string;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** The part of the Kubernetes API that the driver needs. Rejects with a `DeploymentError`. */
export interface KubernetesClient {
  get(ref: KubernetesRef, call: DriverCall): Promise<KubernetesObject | undefined>;
  /**
   * Server-side apply: the object has what is given here, and loses what this client gave before. With
   * `isDryRun` only looks whether the server would take it.
   */
  apply(
    object: KubernetesObject,
    call: DriverCall & { readonly isDryRun?: boolean },
  ): Promise<KubernetesObject>;
  /** Whether there was one. It may take a while to be gone. */
  delete(ref: KubernetesRef, call: DriverCall): Promise<boolean>;
}

/** How a {@link KubernetesRestClient} reaches the API server. */
export interface KubernetesRestClientOptions {
  /** The way out; it has to allow the server's address and trust its authority. */
  readonly http: HttpClient;
  /** `https://kubernetes.default.svc` for one. */
  readonly url: string;
  /** Asked before every request, so that a token may change; neither stored nor shown. */
  readonly token?: () => string | Promise<string>;
  /** Owner of the fields that are set here. @default 'kapelle' */
  readonly fieldManager?: string;
  /** Whether fields that another manager owns are taken over. @default false */
  readonly force?: boolean;
  /** Of one request. @default 15_000 */
  readonly timeoutMs?: number;
  /** Whose requests these are, for the HTTP client. @default '_shared' */
  readonly tenantId?: string;
}

const PATHS: Readonly<Record<KubernetesKind, readonly [string, string]>> = {
  Deployment: ['/apis/apps/v1', 'deployments'],
  Service: ['/api/v1', 'services'],
};
const MAX_MESSAGE = 500;

/** Speaks with an API server over the HTTP port. */
export class KubernetesRestClient implements KubernetesClient {
  readonly #options: KubernetesRestClientOptions;
  readonly #base: string;

  constructor(options: KubernetesRestClientOptions) {
    this.#options = options;
    this.#base = options.url.endsWith('/') ? options.url.slice(0, -1) : options.url;
  }

  async get(ref: KubernetesRef, call: DriverCall): Promise<KubernetesObject | undefined> {
    const response = await this.#send('GET', ref, call);
    if (response.status === 404) return undefined;
    return objectOf(answered(response, `Reading ${shown(ref)}`));
  }

  async apply(
    object: KubernetesObject,
    { signal, isDryRun = false }: DriverCall & { readonly isDryRun?: boolean },
  ): Promise<KubernetesObject> {
    const { fieldManager = 'kapelle', force = false } = this.#options;
    const ref = { kind: object.kind, namespace: object.metadata.namespace, name: object.metadata.name };
    const query = new URLSearchParams({ fieldManager, force: String(force) });
    if (isDryRun) query.set('dryRun', 'All');
    const response = await this.#send('PATCH', ref, {
      signal,
      query: `?${query.toString()}`,
      // Every JSON text is a YAML text.
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
    return objectOf(answered(response, `Applying ${shown(ref)}`));
  }

  async delete(ref: KubernetesRef, { signal }: DriverCall): Promise<boolean> {
    const response = await this.#send('DELETE', ref, {
      signal,
      contentType: 'application/json',
      body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Foreground' },
    });
    if (response.status === 404) return false;
    answered(response, `Deleting ${shown(ref)}`);
    return true;
  }

  async #send(
    method: 'GET' | 'PATCH' | 'DELETE',
    { kind, namespace, name }: KubernetesRef,
    more: DriverCall & { readonly query?: string; readonly contentType?: string; readonly body?: object },
  ): Promise<HttpResponse> {
    const { http, token, timeoutMs = 15_000, tenantId = '_shared' } = this.#options;
    const { signal, query = '', contentType, body } = more;
    const [group, plural] = PATHS[kind];
    const path = `${group}/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(name)}`;
    return http.request({
      url: `${this.#base}${path}${query}`,
      method,
      headers: {
        accept: 'application/json',
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        ...(token === undefined ? {} : { authorization: `Bearer ${await token()}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      tenantId,
      signal,
      timeoutMs,
      // Each of them does twice what it does once.
      retry: true,
      cache: false,
    });
  }
}

const CODE_OF: Readonly<Record<number, DeploymentErrorCode>> = {
  400: 'DEPLOYMENT_REJECTED',
  401: 'DEPLOYMENT_FORBIDDEN',
  403: 'DEPLOYMENT_FORBIDDEN',
  404: 'DEPLOYMENT_REJECTED',
  409: 'DEPLOYMENT_CONFLICT',
  422: 'DEPLOYMENT_REJECTED',
};
const NEXT: Partial<Record<DeploymentErrorCode, string>> = {
  DEPLOYMENT_FORBIDDEN: 'Give the account get, patch and delete on deployments and services',
  DEPLOYMENT_CONFLICT: 'Find out who else manages it, or let the client take the fields over with force',
  DEPLOYMENT_REJECTED: 'Correct what the server names; the namespace has to exist',
};

/**
 * The body of a 2xx. @throws DeploymentError with what the server says, which has no headers and so no token
 * in it
 */
function answered(response: HttpResponse, doing: string): unknown {
  const body = parsed(response.body);
  const { status } = response;
  if (status >= 200 && status < 300) return body;
  const code = CODE_OF[status] ?? 'DEPLOYMENT_DRIVER_FAILED';
  const said: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'message') : undefined;
  const why = typeof said === 'string' ? said.slice(0, MAX_MESSAGE) : 'without a message';
  throw new DeploymentError(
    code,
    `${doing}: the API server answered ${status} (${why}). ${NEXT[code] ?? 'Try again later, and look at the server'}.`,
    { details: { status }, retryable: status === 429 || status >= 500 },
  );
}

function objectOf(body: unknown): KubernetesObject {
  const metadata: unknown =
    typeof body === 'object' && body !== null ? Reflect.get(body, 'metadata') : undefined;
  if (typeof metadata === 'object' && metadata !== null) return body as KubernetesObject;
  throw new DeploymentError(
    'DEPLOYMENT_DRIVER_FAILED',
    'The API server answered with something that is no object. Look whether the address is that of an API server.',
  );
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

function shown({ kind, namespace, name }: KubernetesRef): string {
  return `${kind} ${namespace}/${name}`;
}
