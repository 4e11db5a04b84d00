-- /etc/haproxy/latchkey.lua: asks Latchkey about each request.

local ADDRESS = "http://127.0.0.1:3000/authz/traefik"
local TIMEOUT_MS = 5000
local ASKED_WITH = { "cookie", "accept", "x-requested-with", "sec-fetch-mode", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host" }
local IDENTITY = { "remote-user", "remote-email", "remote-name", "remote-session" }
local REFUSALS = { [303] = true, [401] = true, [403] = true }

local function question(txn)
  local sent, headers = txn.http:req_get_headers(), {}
  for _, name in ipairs(ASKED_WITH) do
    local values = {}
    for i = 0, #(sent[name] or {}) do values[#values + 1] = sent[name] and sent[name][i] end
    if #values > 0 then headers[name] = values end
  end
  headers["x-forwarded-method"] = { txn.f:method() }
  headers["x-forwarded-uri"] = { txn.f:pathq() }
  return headers
end

local function refuse(txn, status, location)
  local reply = txn:reply { status = status }
  reply:add_header("cache-control", "no-store")
  if location then reply:add_header("location", location[0] or location[1]) end
  txn:done(reply)
end

core.register_action("latchkey", { "http-req" }, function (txn)
  local answer = core.httpclient():get { url = ADDRESS, headers = question(txn), timeout = TIMEOUT_MS }
  if answer.status ~= 200 then
    return refuse(txn, REFUSALS[answer.status] and answer.status or 503, answer.headers and answer.headers["location"])
  end
  for _, name in ipairs(IDENTITY) do
    local value = answer.headers[name]
    txn.http:req_set_header(name, value[0] or value[1])
  end
  txn:set_var("txn.latchkey_passed", true)
end)
