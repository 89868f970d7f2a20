/** Once before the first spec: what the specs need in the test cluster, which `url` names as a login that may do all. */
export async function prepareTestDatabase(url: string): Promise<void> {
  if (url === '') throw new Error('There is no test database');
}
