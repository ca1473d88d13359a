import NextAuth from 'next-auth';
import { authOptions } from '../../../../server/auth-options.ts';
import { sharedSignIn } from '../../../../server/sign-in-settings.ts';

type Handler = (request: Request, context: { params: Promise<{ nextauth: string[] }> }) => Promise<Response>;

const handler: Handler = (request, context) => {
  const { db, settings } = sharedSignIn();
  return (NextAuth(authOptions(db, settings)) as Handler)(request, context);
};

export { handler as GET, handler as POST };
