/**
 * Ways to make a session in a table one that is not ours, the same in both dialects.
 * @param set makes a way that runs this assignment of an UPDATE
 */
export function spoiledRows (set: (assignment: string) => (handle: string) => Promise<void>) {
  const fields = (text: string) => set(`fields = '${text}'`)
  const recordOf = (core: string, fields = '{}') => `{"core":"${core}","client":{"address":"","device":""},"lastSeenAt":1,"fields":${fields}}`
  const ada = 'ada:1:1::pwd.0'
  const version1 = '"userId":"ada","epoch":1,"startedAt":1,"lastSeenAt":1'
  return {
    'fields that are not JSON': fields('{'),
    'fields that are no object': fields('[]'),
    'fields that are null': fields('null'),
    'fields that are a number': fields('7'),
    'a user that is no text': fields(recordOf('a b:1:1::pwd.0')),
    'a user other than the one of the row': fields(recordOf('eve:1:1::pwd.0')),
    'no user where the row has one': fields(recordOf('::1::')),
    'a core that is no text': fields('{"core":{},"lastSeenAt":1,"fields":{}}'),
    'a login without a proof': fields(recordOf('ada:1:1::')),
    'a proof that is none': fields(recordOf('ada:1:1::x.0')),
    'a client that is none': fields('{"core":"ada:1:1::pwd.0","client":7,"lastSeenAt":1,"fields":{}}'),
    'no time of the last visit': fields('{"core":"ada:1:1::pwd.0","fields":{}}'),
    'fields of an application that are no object': fields('{"core":"ada:1:1::pwd.0","lastSeenAt":1,"fields":[]}'),
    'a record of an older version': set('version = 0'),
    'a record of version 1 in the new shape': set('version = 1'),
    'a record of version 1 whose device is no text': set(`version = 1, fields = '{${version1},"device":7}'`),
    'a record of version 1 with a field named save': set(`version = 1, fields = '{${version1},"save":1}'`),
    'a field named __proto__': fields(recordOf(ada, '{"__proto__":{}}')),
    'a field named constructor': fields(recordOf(ada, '{"constructor":1}')),
    'a field named toString': fields(recordOf(ada, '{"toString":1}')),
    'a field named save': fields(recordOf(ada, '{"save":1}')),
    'a field named expiresAt': fields(recordOf(ada, '{"expiresAt":1}'))
  }
}
