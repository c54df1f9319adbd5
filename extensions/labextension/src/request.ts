/** Requests to `<server>/alyx/api/...`; the server adds the token, the page never has it. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { Problem } from './records';
import { backOff, EventParser } from './stream';
import type { ServerEvent } from './stream';

/** What the API says went wrong. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly problems: Problem[] = []
  ) {
    super(message);
  }
}

const settings = ServerConnection.makeSettings();

async function send(path: string, init: RequestInit): Promise<Response> {
  const url = URLExt.join(settings.baseUrl, 'alyx/api', path);
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(url, init, settings);
  } catch {
    throw new ApiError('The Jupyter server does not answer.', 503);
  }
  if (!response.ok) {
    throw await refusal(response);
  }
  return response;
}

async function refusal(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as { error: { message: string; problems: Problem[] } };
    return new ApiError(body.error.message, response.status, body.error.problems);
  } catch {
    return new ApiError(`The server answered with status ${response.status}.`, response.status);
  }
}

/** Call a route and give its decoded answer. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'Content-Type': 'application/json' };
  }
  const response = await send(path, init);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export interface StreamListener {
  /** The stream is open (again): what came before it may have been missed. */
  opened: () => void;
  received: (event: ServerEvent) => void;
  /** The stream ended; the next try comes in so many seconds. */
  lost: (error: Error, seconds: number) => void;
}

/** Follow a stream of events, reconnecting for ever with the last id; returns what ends it. */
export function follow(path: string, listener: StreamListener): () => void {
  const ending = new AbortController();
  void reconnect(path, listener, ending.signal);
  return () => ending.abort();
}

async function reconnect(path: string, listener: StreamListener, signal: AbortSignal) {
  const parser = { lastId: '' };
  for (let attempt = 0; !signal.aborted; attempt++) {
    let error = new Error('The stream has ended.');
    try {
      await read(path, parser, listener, signal, () => (attempt = 0));
    } catch (reason) {
      error = reason as Error;
    }
    if (!signal.aborted) {
      const seconds = backOff(attempt);
      listener.lost(error, seconds);
      await pause(seconds, signal);
    }
  }
}

async function read(
  path: string,
  last: { lastId: string },
  listener: StreamListener,
  signal: AbortSignal,
  opened: () => void
) {
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (last.lastId) {
    headers['Last-Event-ID'] = last.lastId;
  }
  const response = await send(path, { method: 'GET', headers, signal, cache: 'no-store' });
  opened();
  listener.opened();
  // Half an event is dropped with its connection: each has a parser of its own.
  const parser = new EventParser();
  parser.lastId = last.lastId;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    for (const event of parser.push(decoder.decode(part.value, { stream: true }))) {
      last.lastId = event.id;
      listener.received(event);
    }
  }
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
