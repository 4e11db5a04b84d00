-- /etc/haproxy/latchkey.lua: asks Latchkey who may pass, in the form in which Traefik asks.

local ADDRESS = "http://127.0.0.1:3000/authz/traefik"
local TIMEOUT_MS = 5000
local ASKED_WITH = { "cookie", "accept", "x-requested-with", "sec-fetch-mode", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host" }
-- The cookies are all but the session's.
local ANSWERED = { "remote-user", "remote-email", "remote-name", "remote-session", "cookie" }
local REFUSED = { [303] = true, [400] = true, [401] = true, [403] = true, [431] = true }

-- HAProxy counts a header's values from 0, and takes them counted from 1.
local function every(values)
  local list = {}
  for at = 0, #values do list[at + 1] = values[at] end
  return list
end

local function question(txn)
  local sent = txn.http:req_get_headers()
  local headers = { ["x-forwarded-method"] = { txn.f:method() }, ["x-forwarded-uri"] = { txn.f:pathq() } }
  for _, name in ipairs(ASKED_WITH) do
    if sent[name] then headers[name] = every(sent[name]) end
  end
  return headers
end

local function refuse(txn, answer)
  local reply = txn:reply { status = REFUSED[answer.status] and answer.status or 503 }
  local location = answer.headers and answer.headers["location"]
  reply:add_header("cache-control", "no-store")
  if location then reply:add_header("location", location[0]) end
  txn:done(reply)
end

core.register_action("latchkey", { "http-req" }, function (txn)
  local answer = core.httpclient():get { url = ADDRESS, headers = question(txn), timeout = TIMEOUT_MS }
  if answer.status ~= 200 then return refuse(txn, answer) end
  for _, name in ipairs(ANSWERED) do txn.http:req_set_header(name, answer.headers[name][0]) end
  txn:set_var("txn.latchkey_passed", true)
end)
