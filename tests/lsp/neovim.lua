-- A session of Neovim with `mstage lsp`. Prints what happens; the test reads it.

local function fail(message)
  io.stderr:write(message .. "\n")
  vim.cmd("cquit")
end

local function wait(what, condition)
  if not vim.wait(20000, condition, 20) then
    fail("no " .. what)
  end
end

local function say(text)
  io.stdout:write(text .. "\n")
end

-- An error would leave Neovim waiting for its user.
vim.defer_fn(function()
  fail("it takes too long")
end, 120000)

local function session()
local folder = vim.fn.getcwd()
vim.cmd("edit mstage.toml")
local buffer = vim.api.nvim_get_current_buf()
local client_id = vim.lsp.start_client({
  name = "mstage",
  cmd = { os.getenv("MSTAGE"), "lsp" },
  root_dir = folder,
})
vim.lsp.buf_attach_client(buffer, client_id)
local client = vim.lsp.get_client_by_id(client_id)
wait("answer to initialize", function()
  return client.initialized
end)

-- Findings.
wait("findings", function()
  return #vim.diagnostic.get(buffer) > 0
end)
for _, found in ipairs(vim.diagnostic.get(buffer)) do
  say("finding " .. (found.lnum + 1) .. " " .. vim.split(found.message, "\n")[1])
end

local function line_of(text)
  for number, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    if vim.startswith(line, text) then
      return number
    end
  end
  fail("no line " .. text)
end

local function request(method, params)
  local answer, problem = vim.lsp.buf_request_sync(buffer, method, params, 20000)
  if problem or not answer[client_id] then
    fail(method .. ": " .. tostring(problem))
  end
  if answer[client_id].err then
    fail(method .. ": " .. answer[client_id].err.message)
  end
  return answer[client_id].result
end

-- Completion of a key, on a new line that is only half typed.
local line = line_of("workdri")
vim.api.nvim_buf_set_lines(buffer, line, line, false, { "d" })
vim.api.nvim_win_set_cursor(0, { line + 1, 1 })
local items = request("textDocument/completion", vim.lsp.util.make_position_params(0, client.offset_encoding))
for _, item in ipairs(items.items or items) do
  say("completion " .. item.label)
end
vim.api.nvim_buf_set_lines(buffer, line, line + 1, false, {})

-- Rename of a stage that another file declares.
vim.api.nvim_win_set_cursor(0, { line_of("from = "), 9 })
local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
params.newName = "compile"
local edit = request("textDocument/rename", params)
vim.lsp.util.apply_workspace_edit(edit, client.offset_encoding)
for _, name in ipairs({ "mstage.toml", "common.toml" }) do
  local lines = vim.api.nvim_buf_get_lines(vim.fn.bufnr(name), 0, -1, false)
  for _, text in ipairs(lines) do
    if text:find("compile", 1, true) then
      say("renamed " .. text)
    end
  end
end
vim.cmd("silent! wall")

-- A quick fix.
local number = line_of("workdri")
vim.api.nvim_win_set_cursor(0, { number, 1 })
local range = vim.lsp.util.make_given_range_params({ number, 0 }, { number, 6 }, buffer, client.offset_encoding)
range.context = { diagnostics = {} }
local actions = request("textDocument/codeAction", range)
vim.lsp.util.apply_workspace_edit(actions[1].edit, client.offset_encoding)
say("fixed " .. vim.api.nvim_buf_get_lines(buffer, number - 1, number, false)[1])
wait("end of the findings", function()
  return #vim.diagnostic.get(buffer) == 0
end)
say("finding of the fixed file: 0")
client.stop()
vim.cmd("qall!")
end

local fine, problem = pcall(session)
if not fine then
  fail(tostring(problem))
end
