%% Loads the modules of RabbitMQ and of the applications it depends on in one go, before the
%% broker boots. The boot loads the same modules one at a time, and each such load copies the
%% emulator's export table and waits for every scheduler: in one batch, booting takes 1.3 s
%% in place of 4 s. Failing here is harmless: init ignores the result and the boot loads what
%% is missing.

%% The broker's own short-lived Erlang children must not preload anything.
os:unsetenv("ERL_AFLAGS").

Read = fun(App) ->
    case file:consult(code:where_is_file(atom_to_list(App) ++ ".app")) of
        {ok, [{application, App, Keys}]} -> Keys;
        _ -> []
    end
end.

Closure = fun Add(App, Seen) ->
    case is_map_key(App, Seen) of
        true -> Seen;
        false ->
            Keys = Read(App),
            lists:foldl(Add,
                        Seen#{App => proplists:get_value(modules, Keys, [])},
                        proplists:get_value(applications, Keys, []))
    end
end.

Applications = lists:foldl(Closure, #{}, [rabbit, mnesia]).

code:ensure_modules_loaded(lists:append(maps:values(Applications))).

%% A node that is to join a cluster waits here, loaded, for the file that lets it: see cluster.go.
Await = fun Again(File) ->
    case filelib:is_regular(File) of
        true -> ok;
        false -> timer:sleep(10), Again(File)
    end
end.

case os:getenv("RABBIT_TEST_JOIN_FILE") of
    false -> ok;
    JoinFile -> Await(JoinFile)
end.
