export { HTTP_CLIENT, type HttpClient, type HttpRequest, type HttpResponse } from './http-client.js';
