// Chromium's virtual authenticator: it has passkeys as a phone or a laptop has.

/** Adds an authenticator to a page. It unlocks with a finger at once, or refuses to. */
export async function addAuthenticator(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  return {
    /** Number of its passkeys. */
    count: async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials.length,
    setVerified: (isUserVerified) => devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
    clear: () => devtools.send("WebAuthn.clearCredentials", { authenticatorId }),
  };
}
