/*
 * Tokens that can be told by how they look: the table of their shapes.
 *
 * A shape is taken where its issuer documents a prefix, or where the text itself says what follows;
 * whatever could as well be an ordinary word or hash is left alone. Data only. Sources: the token
 * formats that GitHub, GitLab, Slack, npm, PyPI, AWS, Google, OpenAI, Anthropic, Stripe, Hugging Face,
 * DigitalOcean, SendGrid, HashiCorp, Atlassian and Docker publish; RFC 3986, 6750, 7468, 7519, 7617.
 */
import { jwtHeaderBytesMax, tokenBytesMax } from './limits.ts';
import { type ByteClass, byteClass, otherThan, type Part, type Pattern } from './pattern.ts';
import { createKeySwallow } from './private-key.ts';

const digits = byteClass('0-9');
const upper = byteClass('A-Z', '0-9');
const alnum = byteClass('A-Z', 'a-z', '0-9');
const word = byteClass('A-Z', 'a-z', '0-9', '_');
const url64 = byteClass('A-Z', 'a-z', '0-9', '_', '-');
const base64 = byteClass('A-Z', 'a-z', '0-9', '+/=');
const dotted = byteClass('A-Z', 'a-z', '0-9', '_', '-', '.');
const credential = byteClass('A-Z', 'a-z', '0-9', '-', '._~+/=');
const separator = byteClass(' \t"\':=');
const user = otherThan(byteClass(' \t\r\n/:@"\'<>?#[]()\x1b\\'));
const password = otherThan(byteClass(' \t\r\n/@"\'<>\x1b\\'));

function run(of: ByteClass, min: number, max = tokenBytesMax): Part {
  return { of, min, max };
}

function one(letter: string): Part {
  return { of: byteClass(letter), min: 1, max: 1 };
}

interface Shape extends Omit<Pattern, 'head' | 'label'> {
  readonly heads: readonly string[];
}

function token(parts: Part, heads: readonly string[]): Shape {
  return { heads, parts: [parts] };
}

const shapes: Readonly<Record<string, readonly Shape[]>> = {
  github: [
    token(run(alnum, 36), ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_']),
    token(run(word, 40), ['github_pat_']),
  ],
  gitlab: [
    token(run(dotted, 20), ['glpat-', 'gldt-', 'glrt-', 'glcbt-', 'glptt-', 'glft-', 'glsoat-']),
  ],
  slack: [
    token(run(url64, 10), [
      'xoxb-',
      'xoxp-',
      'xoxa-',
      'xoxr-',
      'xoxs-',
      'xoxe-',
      'xoxe.xoxp-',
      'xapp-',
    ]),
    {
      heads: ['hooks.slack.com/services/'],
      parts: [run(byteClass('A-Z', 'a-z', '0-9', '/'), 20)],
      hideFrom: 0,
    },
  ],
  npm: [token(run(alnum, 36), ['npm_'])],
  pypi: [token(run(url64, 50), ['pypi-AgE'])],
  aws: [
    { heads: ['AKIA', 'ASIA'], parts: [run(upper, 16, 16)], after: alnum },
    {
      heads: ['aws_secret_access_key', 'AWS_SECRET_ACCESS_KEY', 'SecretAccessKey'],
      parts: [run(separator, 1, 8), run(base64, 40)],
      hideFrom: 1,
    },
    {
      heads: ['aws_session_token', 'AWS_SESSION_TOKEN', 'SessionToken'],
      parts: [run(separator, 1, 8), run(base64, 80)],
      hideFrom: 1,
    },
  ],
  google: [
    token(run(url64, 35, 35), ['AIza']),
    token(run(url64, 28), ['GOCSPX-']),
    token(run(dotted, 30), ['ya29.']),
  ],
  azure: [{ heads: ['AccountKey='], parts: [run(base64, 60)], hideFrom: 0 }],
  // OpenAI, Anthropic and others who took the same beginning.
  'api key': [{ heads: ['sk-'], parts: [run(url64, 32)], after: url64 }],
  stripe: [token(run(alnum, 24), ['sk_live_', 'rk_live_', 'sk_test_', 'rk_test_', 'whsec_'])],
  'hugging face': [{ heads: ['hf_'], parts: [run(alnum, 30)], after: word }],
  digitalocean: [token(run(alnum, 40), ['dop_v1_', 'doo_v1_', 'dor_v1_'])],
  sendgrid: [{ heads: ['SG.'], parts: [run(dotted, 60)], after: dotted }],
  vault: [token(run(url64, 24), ['hvs.', 'hvb.', 'hvr.'])],
  terraform: [
    { heads: ['.atlasv1.'], parts: [run(url64, 60)], rightAfter: { of: alnum, min: 14 } },
  ],
  docker: [token(run(url64, 20), ['dckr_pat_', 'dckr_oat_'])],
  grafana: [token(run(word, 32), ['glsa_', 'glc_'])],
  atlassian: [token(run(byteClass('A-Z', 'a-z', '0-9', '_', '-', '='), 60), ['ATATT3xFfGF0'])],
  tailscale: [token(run(url64, 20), ['tskey-'])],
  telegram: [
    {
      heads: [':AA'],
      parts: [run(url64, 33, 33)],
      hideFrom: 0,
      rightAfter: { of: digits, min: 6 },
    },
  ],
  age: [token(run(upper, 58, 58), ['AGE-SECRET-KEY-1'])],
  'pairing code': [token(run(url64, 60), ['odl1_', 'wal1_'])],
  jwt: [
    {
      heads: ['eyJ'],
      parts: [
        run(url64, 10, jwtHeaderBytesMax),
        one('.'),
        one('e'),
        one('y'),
        one('J'),
        run(dotted, 10),
      ],
      after: url64,
    },
  ],
  bearer: [{ heads: ['Bearer ', 'bearer '], parts: [run(credential, 20)], hideFrom: 0 }],
  'basic auth': [
    {
      heads: ['Authorization: Basic ', 'authorization: Basic '],
      parts: [run(base64, 6)],
      hideFrom: 0,
    },
    {
      heads: ['://'],
      parts: [run(user, 0, 128), one(':'), run(password, 1, 256), one('@')],
      ...{ hideFrom: 2, keepsLast: true },
    },
  ],
  'private key': [
    {
      heads: ['BEGIN '],
      parts: [run(byteClass('A-Z', '0-9', ' '), 11, 40), { of: byteClass('-'), min: 5, max: 5 }],
      hideFrom: 2,
      fits: (text) => /PRIVATE KEY( BLOCK)?-----$/.test(text),
      swallow: createKeySwallow,
    },
  ],
};

/** All of them, one for each head. */
export const tokenPatterns: readonly Pattern[] = Object.entries(shapes).flatMap(([name, list]) =>
  list.flatMap(({ heads, ...rest }) =>
    // Its first letter is no other word's last: the end of `building` is not held for `ghp_`.
    heads.map((head) => ({
      ...(/^\w/.test(head) ? { after: alnum } : {}),
      ...{ ...rest, head: Buffer.from(head, 'latin1'), label: name },
    })),
  ),
);
