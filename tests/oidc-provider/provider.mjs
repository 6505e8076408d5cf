// A real provider of sign-ins (OpenID Connect) for the tests: it signs with keys of three kinds, and prints where it is. What a browser would do is done by
// asking /sign-in, since the pages of the provider are not what is tested: the tokens, their issuing, the metadata and the keys are all the library's own.
import http from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const audience = process.argv[2];
const pairs = { ES256: ['ec', { namedCurve: 'P-256' }], RS256: ['rsa', { modulusLength: 2048 }], EdDSA: ['ed25519', {}] };
const keys = Object.entries(pairs).map(([alg, [kind, options]]) => {
    const { privateKey } = generateKeyPairSync(kind, options);
    return { ...privateKey.export({ format: 'jwk' }), alg, kid: alg, use: 'sig' };
});
const resourceServer = (alg) => ({
    scope: 'api', audience, accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg, kid: alg } },
});

const server = http.createServer();
server.listen(0, '127.0.0.1', () => {
    const issuer = `http://127.0.0.1:${server.address().port}`;
    const provider = new Provider(issuer, {
        jwks: { keys },
        clients: [{
            client_id: 'crm', client_secret: 'a secret of the tests', redirect_uris: [], response_types: [], grant_types: ['client_credentials'],
        }],
        scopes: ['openid', 'api'],
        features: {
            clientCredentials: { enabled: true },
            devInteractions: { enabled: false },
            resourceIndicators: {
                enabled: true, defaultResource: () => audience, useGrantedResource: () => true, getResourceServerInfo: () => resourceServer('ES256'),
            },
        },
    });
    // /sign-in?subject=7&alg=ES256: the access token and the ID token of somebody who has signed in.
    provider.use(async (ctx, next) => {
        if (ctx.path !== '/sign-in') return next();
        const { subject, alg } = ctx.query;
        const client = await provider.Client.find('crm');
        const token = new provider.AccessToken({ accountId: subject, client, scope: 'api', grantId: 'grant', gty: 'authorization_code' });
        token.resourceServer = new provider.ResourceServer(audience, resourceServer(alg));
        const id = new provider.IdToken({ sub: subject }, { ctx: { oidc: { client } } });
        id.scope = 'openid';
        ctx.body = { access_token: await token.save(), id_token: await id.issue({ use: 'idtoken' }) };
    });
    server.on('request', provider.callback());
    console.log(issuer);
});
// Whoever started it is gone.
process.stdin.on('end', () => process.exit()).resume();
