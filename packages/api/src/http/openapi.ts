import { z } from 'zod';
import { REST_ROUTES, type RestRoute } from './rest-map.ts';

let made: object | null = null;

/** The REST addresses as an OpenAPI 3.1 document, from the schemas that check them. */
export function openApiDocument(): object {
  made ??= {
    openapi: '3.1.0',
    info: { title: 'MarkCo', version: '1', description: 'Projects, documents, runs and devices. Dates are ISO 8601 in UTC.' },
    security: [{ token: [] }],
    paths: paths(),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A personal access token (mk_…) or a device token.' } },
      schemas: { Error: schemaOf(errorBody, 'output') },
    },
  };
  return made;
}

const errorBody = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
    requestId: z.string().optional(),
  }),
});

function paths(): Record<string, Record<string, object>> {
  const all: Record<string, Record<string, object>> = {};
  for (const route of REST_ROUTES) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    all[path] = { ...all[path], [route.method.toLowerCase()]: operation(route) };
  }
  return all;
}

function operation(route: RestRoute): object {
  const json = (schema: object) => ({ content: { 'application/json': { schema } } });
  return {
    operationId: route.procedure,
    summary: route.summary,
    parameters: parameters(route),
    ...(route.body && { requestBody: { required: true, ...json(schemaOf(route.body, 'input')) } }),
    responses: {
      200: { description: 'Done', ...json(schemaOf(route.reply, 'output')) },
      default: { description: 'Refused or failed', ...json({ $ref: '#/components/schemas/Error' }) },
    },
  };
}

function parameters(route: RestRoute): object[] {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map((match) => ({
    name: match[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const query = route.query ? (schemaOf(route.query, 'input') as { properties?: Record<string, object>; required?: string[] }) : {};
  const inQuery = Object.entries(query.properties ?? {}).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
  return [...inPath, ...inQuery];
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
    },
  });
  return rest;
}
