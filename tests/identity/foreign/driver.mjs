// Lets tests drive npm's openid-client 6: one JSON command a line on standard input, one JSON answer a line on output.
// An answer is {"ok": …}, or {"error": {kind, code, error, status}} as the library raised it.
import * as readline from 'node:readline'
import * as client from 'openid-client'

const configs = new Map() // by client id
const keys = new Map() // private keys by name
const begun = new Map() // by state: what the client must remember of an authorisation request

const METHODS = {
  basic: (told) => client.ClientSecretBasic(told.secret),
  post: (told) => client.ClientSecretPost(told.secret),
  none: () => client.None(),
  jwt: (told) =>
    client.PrivateKeyJwt(keys.get(told.key), {
      [client.modifyAssertion]: (_header, payload) => Object.assign(payload, told.assertion ?? {}),
    }),
}

const commands = {
  // Makes a key pair and tells its public half.
  async key({ name, alg }) {
    const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }
    const parameters = alg === 'ES256' ? { name: 'ECDSA', namedCurve: 'P-256' } : rsa
    const pair = await crypto.subtle.generateKey(parameters, true, ['sign', 'verify'])
    keys.set(name, { key: pair.privateKey, kid: name })
    const { kty, n, e, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey)
    return { kty, n, e, crv, x, y, kid: name, alg, use: 'sig' }
  },

  // Discovers the server and registers the client's way to authenticate.
  async discover({ issuer, client_id, method, metadata, ...told }) {
    const config = await client.discovery(new URL(issuer), client_id, metadata, METHODS[method](told), {
      execute: [client.allowInsecureRequests],
    })
    configs.set(client_id, config)
    return config.serverMetadata()
  },

  // Begins a sign-in; answers the address for the browser.
  async authorize({ client_id, redirect_uri, scope, ...extra }) {
    const state = client.randomState()
    const nonce = client.randomNonce()
    const verifier = client.randomPKCECodeVerifier()
    begun.set(state, { nonce, verifier, maxAge: extra.max_age === undefined ? undefined : Number(extra.max_age) })
    const url = client.buildAuthorizationUrl(configs.get(client_id), {
      redirect_uri, scope, state, nonce, ...extra,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    return url.href
  },

  // Takes the browser back; every check that the library knows is made.
  async callback({ client_id, url, verifier }) {
    const current = new URL(url)
    const state = current.searchParams.get('state')
    const { nonce, maxAge, verifier: own } = begun.get(state)
    const tokens = await client.authorizationCodeGrant(configs.get(client_id), current, {
      pkceCodeVerifier: verifier ?? own, expectedState: state, expectedNonce: nonce, maxAge, idTokenExpected: true,
    })
    return { ...tokens, claims: tokens.claims() }
  },

  async refresh({ client_id, token }) {
    const tokens = await client.refreshTokenGrant(configs.get(client_id), token)
    return { ...tokens, claims: tokens.claims() }
  },

  credentials: ({ client_id, parameters }) => client.clientCredentialsGrant(configs.get(client_id), parameters),
  userinfo: ({ client_id, token, sub }) => client.fetchUserInfo(configs.get(client_id), token, sub),
  introspect: ({ client_id, token }) => client.tokenIntrospection(configs.get(client_id), token),
  revoke: async ({ client_id, token }) => (await client.tokenRevocation(configs.get(client_id), token)) ?? true,
  end_session: ({ client_id, parameters }) => client.buildEndSessionUrl(configs.get(client_id), parameters).href,
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { do: name, ...told } = JSON.parse(line)
  let answer
  try {
    answer = { ok: await commands[name](told) }
  } catch (fault) {
    const { constructor, code, status, message, cause } = fault
    const error = fault.error ?? cause?.[0]?.parameters?.error // a challenge in the headers comes as a list
    answer = { error: { kind: constructor.name, code, error, status, message } }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
