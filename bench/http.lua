-- wrk's requests: one profile read after another, each with the next token of the file. Both servers get
-- the same requests, so both clients cost the same; they are made before the run, so that they cost little.

local requests = {}
local next = 0

function init()
  for token in io.lines(os.getenv("BENCH_TOKENS_FILE")) do
    requests[#requests + 1] = wrk.format("GET", nil, { ["Authorization"] = "Bearer " .. token })
  end
end

function request()
  next = next % #requests + 1
  return requests[next]
end

-- one line for bench/http: answers, microseconds, failures, 99th percentile in microseconds
function done(summary, latency)
  local e = summary.errors
  local failures = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("RESULT %d %d %d %d\n",
    summary.requests, summary.duration, failures, latency:percentile(99)))
end
