import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiResponse, type ApiResponseOptions } from '@nestjs/swagger';

type Content = NonNullable<Extract<ApiResponseOptions, { content?: unknown }>['content']>;

const string = { type: 'string' } as const;

const ETAG = {
  ETag: {
    description:
      'Names these bytes; weak if they are compressed (`Accept-Encoding: gzip`; texts of a kilobyte and more).',
    schema: string,
  },
};

const RANGES = {
  ...ETAG,
  'Accept-Ranges': { description: '`bytes`', schema: string },
};

const REQUEST_HEADERS = {
  Range: 'One range, as in `bytes=0-1023`, `bytes=1024-` or `bytes=-100`; for several, the whole file is the answer.',
  'If-Range': 'The ETag of what the client has: if it is another, or weak, or a date, the whole file is the answer.',
  'If-Match': 'ETags: 412 if the file has none of them. `*` matches any.',
  'If-None-Match': 'ETags: 304 if the file has one of them. `*` matches any.',
};

/** Documents the answers of a file: whole, in part, and that a client has it. The problems are the operation's to list. */
export function ApiFile(description: string, content: Content): MethodDecorator {
  const headers = Object.entries(REQUEST_HEADERS).map(([name, about]) =>
    ApiHeader({ name, required: false, description: about, schema: string }),
  );
  const contentRange = { description: 'As in `bytes 0-1023/4096`.', schema: string };
  return applyDecorators(
    ...headers,
    ApiOkResponse({ description, content, headers: RANGES }),
    ApiResponse({
      status: 206,
      description: 'The range of it.',
      content,
      headers: { ...RANGES, 'Content-Range': contentRange },
    }),
    ApiResponse({ status: 304, description: 'The client has it already.', headers: ETAG }),
  );
}
