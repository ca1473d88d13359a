import { describe, expect, it } from 'vitest';
import { refusalUri } from './refusal-uri.ts';

describe('EL1: a refusal goes to the app on this computer only', () => {
  it('tells the app', () => {
    expect(refusalUri('http://127.0.0.1:4711/callback', 'state-1')).toBe(
      'http://127.0.0.1:4711/callback?error=access_denied&state=state-1',
    );
  });

  it.each([
    'https://evil.example/cb',
    'http://localhost:80/cb',
    'http://127.0.0.1/cb',
    'http://127.0.0.1:1@evil.example/',
    'javascript:alert(1)',
    '',
  ])('goes nowhere for %s', (uri) => expect(refusalUri(uri, 'state-1')).toBeNull());
});
