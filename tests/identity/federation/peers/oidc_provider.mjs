// The npm package oidc-provider on a free loopback port, with clients from the environment and no pages: whoever comes
// is the account that was last named by PUT /test/account, or is refused when that is "deny".
import { createServer } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import { Provider } from 'oidc-provider'

const { clients } = JSON.parse(process.env.PEER_CONFIG)
let account = 'deny'

function key(kind, options, alg, kid) {
  const { privateKey } = generateKeyPairSync(kind, options)
  return { ...privateKey.export({ format: 'jwk' }), alg, kid, use: 'sig' }
}

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    clients,
    jwks: {
      keys: [
        key('rsa', { modulusLength: 2048 }, 'RS256', 'rs'),
        key('rsa', { modulusLength: 2048 }, 'PS256', 'ps'),
        key('ec', { namedCurve: 'P-256' }, 'ES256', 'es'),
      ],
    },
    claims: { openid: ['sub'], profile: ['name'] },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'HS256'] },
    cookies: { keys: [process.env.PEER_COOKIE_KEY] },
    features: { devInteractions: { enabled: false } },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    interactions: { url: (_ctx, interaction) => `/test/interaction/${interaction.uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, name: `${sub} 的姓名` }) }),
  })
  const answer = provider.callback()

  async function interact(request, response) {
    const { params } = await provider.interactionDetails(request, response)
    if (account === 'deny') {
      return provider.interactionFinished(request, response, { error: 'access_denied', error_description: '<b>no</b>' })
    }
    const grant = new provider.Grant({ accountId: account, clientId: params.client_id })
    grant.addOIDCScope('openid profile')
    const result = { login: { accountId: account, remember: false }, consent: { grantId: await grant.save() } }
    return provider.interactionFinished(request, response, result)
  }

  server.on('request', async (request, response) => {
    if (request.method === 'PUT' && request.url === '/test/account') {
      account = ''
      for await (const chunk of request.setEncoding('utf8')) account += chunk
      return response.writeHead(204).end()
    }
    if (request.url.startsWith('/test/interaction/')) {
      try {
        return await interact(request, response)
      } catch (fault) {
        return response.writeHead(500).end(String(fault))
      }
    }
    return answer(request, response)
  })
  console.log(JSON.stringify({ url: issuer }))
})
