"""Chat templates in the idioms of published families, written anew, and small ones for each rule of Jinja and Python."""

TEMPLATES = {
    "chatml": "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "chatml-default-system": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are helpful.<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message.role + '\n' + message.content | trim + '<|im_end|>\n'}}{% endfor %}{%- if add_generation_prompt -%}<|im_start|>assistant\n{%- endif -%}",
    "llama-2": "{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set system = messages[0]['content'] %}{% else %}{% set rest = messages %}{% set system = false %}{% endif %}{% for message in rest %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate user/assistant') }}{% endif %}{% if loop.index0 == 0 and system != false %}{% set content = '<<SYS>>\n' + system + '\n<</SYS>>\n\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "llama-3": "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}",
    "llama-3.1": """{{- bos_token }}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- A system message goes first. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\n" }}
{%- endif %}
{{- "Cutting Knowledge Date: December 2023\n" }}
{{- "Today Date: " + date_string + "\n\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {{- raise_exception("no calls here") }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
""",
    "qwen-2.5": """{%- if tools %}
    {{- '<|im_start|>system\n# Tools\n' }}
    {%- for tool in tools %}{{- tool | tojson }}{%- endfor %}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
    {%- else %}
        {{- '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
""",
    "qwen-3": """{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\n<think>\n' + reasoning_content.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %}""",
    "deepseek-r1": "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, system_prompt='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<｜User｜>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is not none %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>'}}{%- endif %}{%- endfor -%}{% if add_generation_prompt and not ns.is_tool %}{{'<｜Assistant｜><think>\\n'}}{% endif %}",
    "deepseek-llm": "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ 'User: ' + message['content'] + '\n\n' }}{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + eos_token }}{% elif message['role'] == 'system' %}{{ message['content'] + '\n\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}",
    "gemma": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}",
    "gemma-3": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\n\n' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\n\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {{ item['text'] | trim }}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\n'}}
{%- endif -%}
""",
    "mistral-v1": "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}",
    "mistral-v3": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\n\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported") }}
    {%- endif %}
{%- endfor %}
""",
    "mistral-v7": """{{- bos_token }}{%- for message in messages %}
    {%- if message['role'] == 'user' %}
        {{- '[INST]' + message['content'] + '[/INST]' }}
    {%- elif message['role'] == 'system' %}
        {{- '[SYSTEM_PROMPT]' + message['content'] + '[/SYSTEM_PROMPT]' }}
    {%- elif message['role'] == 'assistant' %}
        {{- message['content'] + eos_token }}
    {%- else %}
        {{- raise_exception('Only user, system and assistant roles are supported!') }}
    {%- endif %}
{%- endfor %}""",
    "zephyr": "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}",
    "phi-3": "{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}",
    "phi-4": "{% for message in messages %}{% if (message['role'] == 'system') %}{{'<|im_start|>system<|im_sep|>' + message['content'] + '<|im_end|>'}}{% elif (message['role'] == 'user') %}{{'<|im_start|>user<|im_sep|>' + message['content'] + '<|im_end|>'}}{% elif (message['role'] == 'assistant') %}{{'<|im_start|>assistant<|im_sep|>' + message['content'] + '<|im_end|>'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}",
    "smollm-2": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "smollm-3": """{%- if enable_thinking is not defined -%}
{%- set enable_thinking = true -%}
{%- endif -%}
{%- if enable_thinking -%}
  {%- set reasoning_mode = "/think" -%}
{%- else -%}
  {%- set reasoning_mode = "/no_think" -%}
{%- endif -%}
{{- "<|im_start|>system\n" -}}
{%- if messages[0].role == "system" -%}
  {%- set system_message = messages[0].content -%}
  {%- if "/no_think" in system_message -%}
    {%- set reasoning_mode = "/no_think" -%}
  {%- elif "/think" in system_message -%}
    {%- set reasoning_mode = "/think" -%}
  {%- endif -%}
  {%- set custom_instructions = system_message.replace("/no_think", "").replace("/think", "").rstrip() -%}
{%- endif -%}
{{- "Reasoning Mode: " + reasoning_mode + "\n\n" -}}
{%- if custom_instructions -%}
  {{- custom_instructions + "\n\n" -}}
{%- endif -%}
{{- "<|im_end|>\n" -}}
{%- for message in messages -%}
  {%- set content = message.content if message.content is string else "" -%}
  {%- if message.role == "user" -%}
    {{ "<|im_start|>" + message.role + "\n"  + content + "<|im_end|>\n" }}
  {%- elif message.role == "assistant" -%}
    {% generation %}
    {%- if reasoning_mode == "/think" -%}
      {{ "<|im_start|>assistant\n" + content.lstrip("\n") + "<|im_end|>\n" }}
    {%- else -%}
      {{ "<|im_start|>assistant\n" + "<think>\n\n</think>\n" + content.lstrip("\n") + "<|im_end|>\n" }}
    {%- endif -%}
    {% endgeneration %}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{ "<|im_start|>assistant\n" }}
{%- endif -%}
""",
    "command-r": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% elif false == true %}{% set loop_messages = messages %}{% set system_message = 'You are Command-R.' %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% if system_message != false %}{{ '<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>' + system_message + '<|END_OF_TURN_TOKEN|>' }}{% endif %}{% for message in loop_messages %}{% set content = message['content'] %}{% if message['role'] == 'user' %}{{ '<|START_OF_TURN_TOKEN|><|USER_TOKEN|>' + content.strip() + '<|END_OF_TURN_TOKEN|>' }}{% elif message['role'] == 'assistant' %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>'  + content.strip() + '<|END_OF_TURN_TOKEN|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{% endif %}",
    "falcon": "{% for message in messages %}{% if not loop.first %}{{ '\n' }}{% endif %}{% if message['role'] == 'system' %}{{ 'System: ' }}{% elif message['role'] == 'user' %}{{ 'User: ' }}{% elif message['role'] == 'assistant' %}{{ 'Falcon: ' }}{% endif %}{{ message['content'] }}{% endfor %}{% if add_generation_prompt %}{{ '\n' + 'Falcon:' }}{% endif %}",
    "falcon-2": "{{ '' }}{% for message in messages %}{% set text = message['content'].replace('\r\n', '\n').replace('\n\n', '\n') %}{{ message['role'].capitalize() + ': ' + text + '\n' }}{% endfor %}{% if add_generation_prompt %}Falcon:{% endif %}",
    "tinyllama": "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n{% else %}\n{{ '<|assistant|>\n' + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}\n",
    "openchat": "{{ bos_token }}{% for message in messages %}{{ 'GPT4 Correct ' + message['role'].title() + ': ' + message['content'] + '<|end_of_turn|>'}}{% endfor %}{% if add_generation_prompt %}{{ 'GPT4 Correct Assistant:' }}{% endif %}",
    "hermes-tools": """{%- macro json_to_python_type(json_spec) %}
{%- set basic_type_map = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"} %}
{%- if basic_type_map[json_spec.type] is defined %}
{{- basic_type_map[json_spec.type] }}
{%- elif json_spec.type == "array" %}
{{- "List[" + json_to_python_type(json_spec.items) + "]" }}
{%- else %}
{{- "Any" }}
{%- endif %}
{%- endmacro %}
{%- set tools = [{"type": "function", "function": {"name": "find", "description": "Finds <things> & 'more'", "parameters": {"type": "object", "properties": {"q": {"type": "string"}, "n": {"type": "integer", "default": 3}, "deep": {"type": "boolean"}}, "required": ["q"]}}}] %}
{{- bos_token }}
{{- "<|im_start|>system\nYou may call functions: <tools> " }}
{%- for tool in tools %}
    {%- if tool.function is defined %}{%- set tool = tool.function %}{%- endif %}
    {{- '{"type": "function", "function": ' }}
    {{- '{"name": "' + tool.name + '", ' }}
    {{- '"description": "' + tool.name + '(' }}
    {%- for param_name, param_fields in tool.parameters.properties|items %}
        {{- param_name + ": " + json_to_python_type(param_fields) }}
        {%- if not loop.last %}{{- ", " }}{%- endif %}
    {%- endfor %}
    {{- ")" }}
    {{- ' - ' + tool.description + '", "parameters": ' }}
    {{- tool.parameters | tojson }}
    {{- "}" }}
    {%- if not loop.last %}{{- "\n" }}{%- endif %}
{%- endfor %}
{{- " </tools><|im_end|>\n" }}
{%- for message in messages %}
    {%- if message.role == "user" or message.role == "system" or (message.role == "assistant" and message.tool_calls is not defined) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
""",
    "vicuna": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{{ messages[0]['content'].strip() + ' ' }}{% else %}{% set loop_messages = messages %}{{ 'A chat between a curious user and an assistant. ' }}{% endif %}{% for message in loop_messages %}{% if message['role'] == 'user' %}{{ 'USER: ' + message['content'].strip() + ' ' }}{% elif message['role'] == 'assistant' %}{{ 'ASSISTANT: ' + message['content'].strip() + eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}",
    "alpaca": "{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] ~ '\n\n' }}{% set messages = messages[1:] %}{% endif %}{% for m in messages %}{% if m.role == 'user' %}{{ '### Instruction:\n%s\n\n' % m.content }}{% else %}{{ '### Response:\n{}{}\n\n'.format(m.content, eos_token) }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '### Response:\n' }}{% endif %}",
    "yi": "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% if messages[0]['role'] == 'system' %}{% set system_message = messages[0]['content'] %}{% endif %}{% if system_message is defined %}{{ '<|im_start|>system\n' + system_message + '<|im_end|>\n' }}{% endif %}{% for message in messages %}{% set content = message['content'] %}{% if message['role'] == 'user' %}{{ '<|im_start|>user\n' + content + '<|im_end|>\n<|im_start|>assistant\n' }}{% elif message['role'] == 'assistant' %}{{ content + '<|im_end|>' + '\n' }}{% endif %}{% endfor %}",
    "solar": "{% for message in messages %}{% if message['role'] == 'system' %}{{ '### System:\n' + message['content']+'\n\n' }}{% endif %}{% if message['role'] == 'user' %}{{ '### User:\n' + message['content']+'\n\n' }}{% endif %}{% if message['role'] == 'assistant' %}{{ '### Assistant:\n' + message['content'] }}{% if not loop.last %}{{ eos_token }}{% endif %}{% endif %}{% endfor %}{% if add_generation_prompt and messages[-1]['role'] != 'assistant' %}{{ '### Assistant:\n' }}{% endif %}",
    "granite": """{%- if messages[0]['role'] == 'system' %}
{%- set system_message = messages[0]['content'] %}
{%- set loop_messages = messages[1:] %}
{%- else %}
{%- set system_message = "Knowledge Cutoff Date: April 2024." %}
{%- if documents %}
{%- set system_message = system_message + " Use the documents." %}
{%- else %}
{%- set system_message = system_message + " You are Granite." %}
{%- endif %}
{%- set loop_messages = messages %}
{%- endif %}
{{- '<|start_of_role|>system<|end_of_role|>' + system_message + '<|end_of_text|>\n' }}
{%- for message in loop_messages %}
{{- '<|start_of_role|>' + message['role'] + '<|end_of_role|>' + message['content'] + '<|end_of_text|>\n' }}
{%- if loop.last and add_generation_prompt %}
{{- '<|start_of_role|>assistant' }}
{%- if controls %}{{- ' ' + controls | tojson()}}{%- endif %}
{{- '<|end_of_role|>' }}
{%- endif %}
{%- endfor %}""",
    "olmo": "{{ bos_token }}{%- set has_system = messages|selectattr('role', 'equalto', 'system')|list|length > 0 -%}{%- if not has_system -%}{{ '<|system|>\nYou are OLMo.\n' }}{%- endif -%}{% for message in messages %}{{ '<|' ~ message['role'] ~ '|>\n' ~ message['content'] }}{% if message['role'] == 'assistant' and not loop.last %}{{ eos_token + '\n' }}{% elif message['role'] != 'assistant' %}{{ '\n' }}{% endif %}{% if loop.last and add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}{% endfor %}",
    "exaone": "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}{{ '[|system|][|endofturn|]\n' }}{% endif %}{{ '[|' + message['role'] + '|]' + message['content'] }}{% if message['role'] == 'user' %}{{ '\n' }}{% else %}{{ '[|endofturn|]\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '[|assistant|]' }}{% endif %}",
    "slices": "{% for m in messages %}{{ m.role[0] | upper }}{{ m.role[1:] }}: {% if m.content[:1] == ' ' %}~{% endif %}{{ m.content[:5] }}|{{ m.content[-5:] }}|{{ m.content[::-1] }}|{{ m.content[1:-1:2] }}|{{ m.content | length }}\n{% endfor %}",
    "starts-and-ends": "{% for m in messages %}{% if m.content.startswith(('<', ' ')) %}S{% endif %}{% if m.content.endswith('>') or m.content.endswith('?') %}E{% endif %}{% if m.content == messages[0].content %}={% endif %}{% if m.content in messages[-1].content %}I{% endif %}{{ m.content.find('a') }},{{ m.content.count('e') }}:{{ m.content.removeprefix('<think>') }}\n{% endfor %}",
    "lines": "{% for m in messages %}{% for line in m.content.splitlines() %}{{ loop.index }}/{{ loop.length }} {{ line.strip() }};{% else %}(nothing){% endfor %}[{{ m.content.split() | join('_') }}][{{ ', '.join(m.content.split('\n')) }}]\n{% endfor %}",
    "cases": "{% for m in messages %}{{ m.content.upper() }}|{{ m.content | lower }}|{{ m.content | title }}|{{ m.content.capitalize() }}|{{ m.content | replace('a', 'AA') | replace('\n', '\\n') }}|{{ m.content.strip(' .?!\n') }}|{{ m.content.lstrip('<think>') }}\n{% endfor %}",
    "shown": "{{ messages }}\n{{ messages | tojson }}\n{% for m in messages %}{{ m.content | tojson }}{{ [m.content, none, true, 1.5] }}{{ m | tojson(indent=2) }}{{ (m.content,) }}\n{% endfor %}",
    "filters": "{% for m in messages %}{{ m.content | indent(2, true) }}|{{ m.content | truncate(12) }}|{{ m.content | wordcount }}|{{ m.content | e }}|{{ m.content | center(20) }}|{{ m.content | first }}|{{ m.content | last }}|{{ m.content | list | length }}|{{ m.content | default('none', true) }}\n{% endfor %}",
    "macros": "{%- macro turn(role, content, end='<e>') -%}\n<{{ role }}>{{ content }}{{ end }}{{ caller() if caller else '' }}\n{%- endmacro -%}\n{% for m in messages %}{% call turn(m.role, m.content | trim) %}({{ loop.index }}){% endcall %}{{ turn(content=m.content, role='x', end='') }}{% endfor %}",
    "grouped": "{% for role, list in messages | groupby('role') %}{{ role }}: {{ list | map(attribute='content') | join(' + ') }}\n{% endfor %}{{ messages | map(attribute='role') | unique | join(',') }} {{ messages | rejectattr('role', 'eq', 'system') | map(attribute='content') | map('trim') | list }}{% for m in messages if m.content %}{{ loop.cycle('a', 'b') }}{{ loop.changed(m.role) }}{{ loop.revindex }}{% if loop.previtem is defined %}{{ loop.previtem.role }}{% endif %}{% if loop.nextitem is defined %}>{{ loop.nextitem.content }}{% endif %};{% endfor %}",
    "loops": "{% for m in messages %}{{ m.role }}{% if m.role == 'system' %}{% continue %}{% endif %}:{{ m.content }};{% if loop.index == 3 %}stop{% break %}{% endif %}{% endfor %}{% set ns = namespace(text='') %}{% for m in messages %}{% set ns.text = ns.text ~ m.content %}{% endfor %}{{ ns.text }}{% set block | trim | upper %}  {% for m in messages %}{{ m.content }} {% endfor %}  {% endset %}[{{ block }}]{% filter replace('o', '0') %}{{ messages[-1].content }} too{% endfilter %}{% with last = messages[-1], n = messages | length %}{{ last.content }}{{ n }}{% endwith %}",
    "raw": "{% raw %}{{ not this }} {% nor this %}{% endraw %}{% for m in messages %}{{ '{{' }}{{ m.content }}{{ '}}' }}{# {{ m }} #}{% endfor %}\n\n   {%- if true +%}\n x {% endif %}\n  {# comment #}\n  {% if true %}\n    y\n  {% endif %}\nz\n",
}

#: One rule each; rendered with one conversation.
SNIPPETS = """
'' != false
'1' == 1
0 == ''
nothing == none
[1] == [1]
{'a': [1, 2.0]} == {'a': (1, 2)} or {'a': [1, 2.0]} == {'a': [1, 2]}
1 == true and 1.0 == 1
-7 % 3
7 % -3
-7 // 2
7 // -2.0
7 / 2
6 / 2
2 ** 10
2 ** -1
2 ** 3 ** 2
-2 ** 2
1e3
1.0
1e16
1e15
0.1 + 0.2
1e-5
0.0001
123456789012345678901234567890 * 10
10 ** 20
'🦙é'|length
'🦙é'[0]
'🦙é'[::-1]
'xxabcxx'.strip('x')
'xyabcyx'.lstrip('yx') + '|' + 'xyabcyx'.rstrip('yx')
[1, 'a', none, true, 2.5, ['b'], {'c': "it's"}, ('d',)]
['\\n', '"', "'", '\\\\', 'é', '\u200b', '\x07']
true ~ none ~ 1.0 ~ nothing
none
nothing
nothing.more
nothing + 'a'
nothing ~ 'a'
nothing is defined
not nothing
nothing|length
nothing|default('d')
''|default('d')
''|default('d', true)
none|default('d')
messages[99]
messages[99] is defined
messages[0].nope is none
messages[0]['role']
messages.0.role
messages[-1]['content']
tools is none
tools is defined
documents is none
tools|length
'a' in 'cat'
'a' is in 'cat'
'z' not in ['a']
1 in [1.0]
'role' in messages[0]
2 in (1, 2)
3 in range(5)
'%s and %d, %5.2f|%-5s|%05d' % ('x', 3, 2.345, 'ab', 42)
'%(a)s' % {'a': 1}
'%s' % none
'{} {1}'.format('a')
'{0} {1} {0}'.format('a', 'b')
'{} {}'.format('a', true)
'{a:>5}|{b:^7}|{c:<3}|{d:.2f}|{e:,}|{f:+d}|{g:05d}|{h!r}'.format(a='x', b='yy', c='z', d=3.14159, e=1234567, f=5, g=42, h='q')
'{m[role]} {m[content]}'.format(m=messages[0])
'{{}}'.format()
'{:x} {:#x} {:b} {:e} {:g} {:%}'.format(255, 255, 5, 12345.678, 0.0001, 0.25)
'a,b,,c'.split(',')
'a,b,,c'.split(',', 1)
'a,b,,c'.rsplit(',', 1)
'  a  b '.split()
'  a  b c '.split(none, 1)
'  a  b c '.rsplit(none, 1)
''.split()
''.split(',')
'abc'.split('')
'a\\r\\nb\\x0bc\\u2028d\\n'.splitlines()
'a\\nb'.splitlines(true)
'-'.join(['a', 'b'])
'-'.join('abc')
'-'.join([1])
'abcabc'.find('c')
'abcabc'.find('c', 3)
'abcabc'.rfind('c')
'abcabc'.index('z')
'abcabc'.count('bc')
'aaa'.count('')
'12'.isdigit()
'²'.isdigit()
''.isdigit()
'½'.isnumeric()
'aé'.isalpha()
'a1'.isalnum()
' '.isspace()
'aB'.islower()
'AB1'.isupper()
'abc'.startswith('b', 1)
'abc'.endswith(('x', 'c'))
'a-b-c'.partition('-')
'a-b-c'.rpartition('-')
'x'.partition('-')
'7'.zfill(3)
'-7'.zfill(4)
'x'.center(4, '*')
'x'.center(5, '*')
'x'.ljust(3) + '|'
'x'.rjust(3) + '|'
"they're bill's".title()
"they're bill's"|title
'hELLO wORLD'.capitalize()
'hELLO wORLD'.swapcase()
'ß'.upper()
'aXbX'.replace('X', '-', 1)
'ab'.replace('', '.')
'tab\\tx'.expandtabs(4)
'prefix-x'.removeprefix('prefix-')
'x.txt'.removesuffix('.txt')
'a' < 'b' < 'c'
1 < 2 < 2
'b' > 'a'
[1, 2] < [1, 3]
'a' < 1
none < 1
'a' + 1
1 + 'a'
[1] + [2]
'ab' * 3
3 * 'ab'
[0] * 2
'a' if false
'a' if false else 'b'
('a' if 1 else 'b') ~ 'c'
not true
not '' and 'x'
'' or 'x'
1 and 0
0 and 1
-'a'
-true
+3
1 - -1
--1
2 * 3 + 4 ~ 5
1 ~ 2 * 3
'a' ~ 'b' == 'ab'
5 is divisibleby 5
5 is divisibleby(2)
3 is odd
4 is even
'a' is string
1 is number
true is number
1 is integer
true is integer
1.5 is float
{} is mapping
[] is sequence
'a' is sequence
{} is sequence
1 is iterable
'a' is iterable
none is none
false is false
0 is false
nothing is undefined
1 is eq 1
1 is equalto 1.0
2 is gt 1
2 is sameas 2
'A' is upper
'a' is lower
range is callable
'a' is nosuchtest
'a'|nosuchfilter
not 1 is none
1 is not none
range(3)
range(3)|list
range(5, 0, -2)|list
range(3)|last
range(1000000)
dict(a=1, b='x')
dict(messages[0])
dict([('a', 1)])
{'b': 1, 'a': 2}|dictsort
{'b': 1, 'a': 2}|dictsort(by='value')
{'a': 1}.items()
{'a': 1}.keys()
{'a': 1}.values()|list
{'a': 1}.get('b', 'd')
{'a': none}.get('a', 'd')
{'a': 1}.get('b')
{'a': 1}|items|list
{'a': 1, 1: 'b', none: 2, 1.5: 3}|tojson
{'items': 1}.items
{'items': 1}['items']
{'b': 1, 'a': {'c': []}}|tojson(indent=2, sort_keys=true)
[1, 2.0, 'é<>&', none, true, []]|tojson
[1]|tojson(separators=(',', ':'))
'é'|tojson(ensure_ascii=true)
'\\x00\\n"\\\\\x7f'|tojson
nothing|tojson
{'a': 1}|length
[3, 1, 2]|sort
['b', 'A', 'c']|sort
['b', 'A', 'c']|sort(case_sensitive=true)
['b', 'A', 'c']|sort(reverse=true)
[1, 'a']|sort
[3, 1, 3]|unique|list
[1, 2, 3]|sum
[1.5, 2]|sum
['a']|sum
messages|map(attribute='content')|map('length')|sum
[1, 2, 3]|max
[]|min
['b', 'A']|min
[1, 2, 3, 4, 5]|batch(2)|list
[1, 2, 3, 4, 5]|batch(2, 0)|list
[1, 2, 3, 4, 5]|slice(2)|list
[1, 2, 3]|reverse|list
'abc'|reverse
[1, 2, 3]|first
[]|first
[1, 2, 3]|last
[1, 2, 3]|map('string')|join('')
[0, 1, '', 'a']|select|list
[0, 1, 2, 3]|select('odd')|list
[0, 1, 2, 3]|reject('gt', 1)|list
messages|selectattr('role', 'equalto', 'user')|list|length
messages|selectattr('nope')|list|length
messages|selectattr('nope', 'defined')|list|length
[1, 2]|join
[1, none, true]|join(', ')
messages|join(', ', attribute='role')
'3'|int + 1
'3.7'|int
'x'|int
'x'|int(7)
'0x1f'|int(0, 16)
none|int
' 4 '|int
'3.5'|float
'x'|float
3.7|int
2.5|round
3.5|round
2.675|round(2)
42.55|round(1)
2.1|round(0, 'ceil')
2.19|round(1, 'floor')
5|round
-3|abs
-2.5|abs
'a b c'|wordcount
'héllo wörld-x'|wordcount
'foo bar baz qux'|truncate(9)
'foo bar baz qux'|truncate(9, true)
'foo bar baz qux'|truncate(11)
'foo bar baz qux'|truncate(9, false, '…', 0)
'  x '|trim
'xxaxx'|trim('x')
'a\\nb\\n\\nc'|indent
'a\\nb\\n\\nc'|indent(2, first=true, blank=true)
'a\\nb'|indent('> ')
'<a href="x">\\'</a>'|e
('<b>'|safe) + '<i>'
'<i>' + ('<b>'|safe)
('<b>'|e) ~ '<i>'
'<b>'|escape|upper
'a/b c?&é'|urlencode
'abc'|upper|lower|title
'abc'|list
'abc'|length
1|length
'abc'|string
[1, [2]]|string
'x'|center(5) ~ '|'
'%s=%s'|format('a', 1)
'abc'|attr('upper')
messages[0]|attr('role')
messages[0].role.upper
messages[0].keys()|list
messages.append(1)
messages.append
messages.index(messages[0])
messages.count(messages[0])
messages[0].update({'a': 1})
messages.__class__
''.__class__
'abc'[1]
'abc'[5]
'abc'[1:]
'abc'[:-1]
'abc'[10:]
'abc'[-2:]
'abc'[::2]
[1, 2, 3][::-1]
[1, 2, 3][1:2]
(1, 2, 3)[1:]
none[1:]
nothing[1:]
{}[1:]
'abc'['a':]
namespace(a=1).a
namespace(a=1).b is defined
joiner('|')()
cycler('a', 'b').next()
cycler('a', 'b').current
1_000
0x10
'a' 'b'
"\\x41\\u00e9\\101\\q"
'it\\'s'
()
(1)
(1,)
1, 2
[1, 2,]
{'a': 1,}
[[1, 2], [3]]|sum(start=[])
true and none
messages is iterable
messages is string
messages[0] is mapping
messages|tojson
loop
self
1 / 0
1 % 0
'a' % 1
'%d' % 'x'
'{'.format()
'abc'.nope()
nope()
'a'()
range('a')
dict(1)
raise_exception('no')
1 if 1 else nothing.x
(nothing or {}).x is defined
'a'.join
'a'|replace('a', '<')
1|replace('1', '2')
"a" "b"|upper
'a' in none
'a' in nothing
nothing in [1]
none in [none]
1.5 // 0.5
7.5 % 2
-7.5 % 2
true + true
1 == 1.0 == true
'ǆ'.title()
'ΑΣ'.lower()
'a b'.title()
'x' is filter
'x' is test
1 < 2 and 'b'|upper == 'B'
'a'.encode
{1: 'a'}[1.0]
{'a': 1}['b'] is defined
{'a': 1}.b is defined
{true: 'a'}[1]
[1, 2, 3]|random
""".strip("\n").split("\n")

#: Whole small templates, where a statement is what is asked about.
STATEMENTS = [
    "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = 2 %}{% endfor %}{{ x }}",
    "{% if true %}{% set x = 1 %}{% endif %}{{ x }}",
    "{% for i in [] %}a{% else %}b{% endfor %}",
    "{% for i in [1, 2, 3] %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% else %}none{% endfor %}",
    "{% for i in range(5) if i is odd %}{{ loop.index }}:{{ i }}/{{ loop.length }}{% if not loop.last %},{% endif %}{% endfor %}",
    "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in {'a': 1} %}{{ k }}{% endfor %}{% for c in 'a🦙' %}[{{ c }}]{% endfor %}",
    "{% for a, b in [[1, 2], [3]] %}{{ a }}{% endfor %}",
    "{% for a in 5 %}{{ a }}{% endfor %}",
    "{% for a in none %}{{ a }}{% endfor %}",
    "{% for a in nothing %}{{ a }}{% endfor %}ok",
    "{% for x in [{'n': 1, 'c': [{'n': 2, 'c': []}]}] recursive %}{{ loop.depth }}{{ x.n }}({{ loop(x.c) }}){% endfor %}",
    "{% set a, b = 1, 2 %}{{ a + b }}{% set t = 1, %}{{ t }}",
    "{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
    "{% set x.y = 1 %}",
    "{% set x %}a{{ 1 }}b{% endset %}{{ x }}{{ x is string }}",
    "{% macro f(a, b=2, c=none) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1) }}|{{ f(1, c=3) }}|{{ f(1, 2, 3, 4, d=5) }}|{{ f() }}",
    "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}",
    "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(b=2) }}",
    "{% macro f(n) %}{{ n }}{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}",
    "{% macro f() %}<{{ caller(1) }}>{% endmacro %}{% call(x) f() %}{{ x + 1 }}{% endcall %}",
    "{% set x = 5 %}{% macro f() %}{{ x }}{% endmacro %}{{ f() }}{% set x = 6 %}{{ f() }}",
    "{% filter upper %}a{{ 'b' }}{% endfilter %}",
    "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}",
    "{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a is defined }}",
    "{% raw %}{{ x }}{% endraw %}",
    "a {%- raw -%} {{ x }} {%- endraw -%} b",
    "  {% if true %}  \n  a\n  {%- endif %}\n b",
    "x\n  {{- 1 -}}  \n y",
    "  {%+ if true %}a{% endif %}\nb\n\n",
    "{# a #}\n{# b -#}\n  c",
    "{{ '%}' }}{{ '}}' }}{% if '%}' == '%}' %}a{% endif %}",
    "{{ {'a': {'b': 1}}['a']['b'] }}{{ {'a': 1} }}",
    "{% print 1 %}",
    "{% if 1 %}{% elif 2 %}{% else %}{% endif %}x",
    "{% if %}{% endif %}",
    "{% for %}{% endfor %}",
    "{% nosuch %}",
    "{% if true %}",
    "{{ 1 ",
    "{{ (1 }}",
    "{{ 1 + }}",
    "{{ 'a }}",
    "{{ a b }}",
    "{% break %}",
    "{{ 1 }}{% endif %}",
    "line\r\nline\rline\n{{ 'a\r\nb' }}\n",
    "{% generation %}a{% set x = 1 %}{% endgeneration %}{{ x is defined }}",
    "{% for i in range(3) %}{{ loop.cycle('a', 'b') }}{{ loop.changed(i // 2) }}{{ loop.first }}{{ loop.revindex0 }}{% endfor %}",
    "{% for i in range(3) %}{% set o = loop %}{% for j in range(2) %}{{ o.index }}{{ loop.index }} {% endfor %}{% endfor %}",
    "{% set j = joiner(', ') %}{% for i in range(3) %}{{ j() }}{{ i }}{% endfor %}",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}",
    "{% set m = messages | map(attribute='role') %}{{ m | list }}{{ m | list }}",
    "{% for i in range(3) %}{% continue %}{{ i }}{% endfor %}|",
    "{% for i in range(3) %}{% set x %}{{ i }}{% if i == 1 %}{% break %}{% endif %}{% endset %}{{ x }}{% endfor %}",
    "{% set d = {} %}{% set _ = d.update({'a': 1}) %}{{ d }}",
    "{% include 'x' %}",
    "{% if messages[0].role == 'user' -%}\n  u\n{%- else -%}\n  s\n{%- endif %}",
    "{%- for m in messages %}\n{{ m.role }}\n{%- endfor %}\n",
    "{{\n  'a'\n  ~ 'b'\n}}",
    "{{ messages[0].content if messages[0].role == 'system' else 'none' }}",
    "{{ bos_token }}{{ eos_token }}{{ pad_token }}{{ add_generation_prompt }}",
    "{% set x = messages[0] %}{% if x is mapping and x.role is string and x.tool_calls is not defined %}y{% endif %}",
    "{{ [1,2,3] | map('multiply', 2) | list }}",
    "{% macro a() %}{% set y = 1 %}{{ y }}{% endmacro %}{{ a() }}{{ y is defined }}",
    "{{ '\\n' }}{{ \"\\t\" }}{{ '\\\\n' }}|",
    "{% for i in [1, 2] -%}\n  {{ i }}\n{% endfor -%}\nend",
]
