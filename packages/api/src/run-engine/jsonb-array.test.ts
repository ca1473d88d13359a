import { expect, it } from 'vitest';
import { jsonbArray } from './jsonb-array.ts';

it.each([[[]], [['{"a":"ü"}']], [['"x"', '[1]', '{}']]])('RU16: %j is an array behind the version of its form', (texts) => {
  const bytes = jsonbArray(texts);
  expect(bytes[0]).toBe(1);
  expect(JSON.parse(bytes.subarray(1).toString())).toEqual(texts.map((text) => JSON.parse(text)));
});
