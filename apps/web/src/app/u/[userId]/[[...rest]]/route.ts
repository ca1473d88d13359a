import { oldAddress } from '../../../../data/old-address.ts';

/** WB10: the addresses of before lead to the pages of now. Whose they were does not matter: one sees one's own. */
export async function GET(request: Request, { params }: { params: Promise<{ rest?: string[] }> }): Promise<Response> {
  const { rest = [] } = await params;
  const { search } = new URL(request.url);
  return new Response(null, { status: 308, headers: { location: oldAddress(rest) + search } });
}
